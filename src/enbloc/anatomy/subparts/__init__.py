"""What a vertebra's body and arch are made of, by name: laminae, processes, joints; found by geometry or labelled."""
