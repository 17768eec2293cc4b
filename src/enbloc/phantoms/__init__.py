"""Patients whose truth is known by formula.

In the order of dependence: ``solids`` (implicit functions) · ``vertebra``, ``torso`` (what a level is made of) ·
``spine`` (levels, bends, pose) · ``painting`` (evaluation on any grid) · ``cells`` (WBB cells by definition) ·
``fills``, ``tumours`` · ``sampling`` (a case as a hospital sends it) · ``truth`` · ``demo``.
"""
