// The two parts of the report that move: the resection in three dimensions, and the slices to leaf through.
// No word is written here: names come from the page, in its language. Coordinates are patient LPS millimetres about
// the scene's centre: x to the patient's left, y to posterior, z to superior.
"use strict";
(() => {
  const SCALE_MM = 0.01;
  const TURN_DEG = 5;
  const FLUSH_MM = 1.5;
  const LETTERS = { L: [1, 0, 0], R: [-1, 0, 0], P: [0, 1, 0], A: [0, -1, 0], S: [0, 0, 1], I: [0, 0, -1] };
  const VERTEX = `#version 300 es
    in vec3 point; in vec3 normal; uniform mat3 view; uniform mat4 pose; uniform vec3 span; uniform float flush; out vec3 seen;
    void main() {
      vec3 eye = view * (pose * vec4(point, 1.0)).xyz;
      seen = view * mat3(pose) * normal;
      gl_Position = vec4(eye.xy / span.xy, -(eye.z + flush) / span.z, 1.0);
    }`;
  const FRAGMENT = `#version 300 es
    precision mediump float; in vec3 seen; uniform vec4 colour; uniform float veil; out vec4 paint;
    void main() {
      vec3 facing = normalize(seen);
      float lit = abs(dot(facing, normalize(vec3(-0.35, 0.45, 0.82))));
      float rim = 0.3 + 1.2 * pow(1.0 - abs(facing.z), 2.0);
      paint = vec4(colour.rgb * (0.38 + 0.62 * lit), colour.a * mix(1.0, min(rim, 1.0 / colour.a), veil));
    }`;

  const read = (id) => {
    const found = document.getElementById(id);
    return found ? JSON.parse(found.textContent) : null;
  };

  function bytes(base64) {
    const text = atob(base64);
    const found = new Uint8Array(text.length);
    for (let n = 0; n < text.length; n += 1) found[n] = text.charCodeAt(n);
    return found.buffer;
  }

  function decode(part) {
    const points = Float32Array.from(new Int16Array(bytes(part.points)), (x) => x * SCALE_MM);
    const wide = points.length / 3 > 65535;
    const faces = wide ? new Uint32Array(bytes(part.faces)) : new Uint16Array(bytes(part.faces));
    return { ...part, points, faces, wide, normals: normalsOf(points, faces) };
  }

  // The sum of the normals of the faces around each corner; the shader makes them one long.
  function normalsOf(points, faces) {
    const normals = new Float32Array(points.length);
    for (let n = 0; n < faces.length; n += 3) {
      const [a, b, c] = [faces[n] * 3, faces[n + 1] * 3, faces[n + 2] * 3];
      const one = [0, 1, 2].map((k) => points[b + k] - points[a + k]);
      const two = [0, 1, 2].map((k) => points[c + k] - points[a + k]);
      for (let k = 0; k < 3; k += 1) {
        const across = one[(k + 1) % 3] * two[(k + 2) % 3] - one[(k + 2) % 3] * two[(k + 1) % 3];
        normals[a + k] += across;
        normals[b + k] += across;
        normals[c + k] += across;
      }
    }
    return normals;
  }

  const rgb = (colour) => [1, 3, 5].map((n) => parseInt(colour.slice(n, n + 2), 16) / 255);

  function program(gl) {
    const made = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(made, shader);
    }
    gl.linkProgram(made);
    return gl.getProgramParameter(made, gl.LINK_STATUS) ? made : null;
  }

  function upload(gl, made, mesh) {
    const array = gl.createVertexArray();
    gl.bindVertexArray(array);
    for (const [name, values] of [["point", mesh.points], ["normal", mesh.normals]]) {
      const place = gl.getAttribLocation(made, name);
      gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
      gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, 3, gl.FLOAT, false, 0, 0);
    }
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, mesh.faces, gl.STATIC_DRAW);
    const kind = mesh.wide ? gl.UNSIGNED_INT : gl.UNSIGNED_SHORT;
    return { ...mesh, array, size: mesh.faces.length, kind, points: null, faces: null, normals: null };
  }

  // Right, up and towards the viewer as rows: 0 degrees in front, 90 at the patient's left, 180 behind.
  function axes(state) {
    const [turn, rise] = [state.from, state.above].map((x) => (x * Math.PI) / 180);
    const right = [Math.cos(turn), Math.sin(turn), 0];
    const out = [Math.sin(turn), -Math.cos(turn), 0];
    const up = [-out[0] * Math.sin(rise), -out[1] * Math.sin(rise), Math.cos(rise)];
    const towards = [out[0] * Math.cos(rise), out[1] * Math.cos(rise), Math.sin(rise)];
    return [right, up, towards];
  }

  const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

  // A pose between two of the path: places run straight, turns are blended and made square again.
  function poseAt(path, at) {
    if (!path.length) return [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
    const from = Math.min(Math.floor(at), path.length - 1);
    const to = Math.min(from + 1, path.length - 1);
    const mixed = path[from].map((x, n) => x + (path[to][n] - x) * (at - from));
    const row = (n) => mixed.slice(4 * n, 4 * n + 3);
    const unit = (v) => v.map((x) => x / Math.hypot(...v));
    const one = unit(row(0));
    const two = unit(row(1).map((x, k) => x - one[k] * dot(row(1), one)));
    const three = [0, 1, 2].map((k) => one[(k + 1) % 3] * two[(k + 2) % 3] - one[(k + 2) % 3] * two[(k + 1) % 3]);
    [one, two, three].forEach((v, n) => v.forEach((x, k) => { mixed[4 * n + k] = x; }));
    return mixed;
  }

  function resize(canvas) {
    const sharp = Math.min(window.devicePixelRatio || 1, 2);
    const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((x) => Math.max(1, Math.round(x * sharp)));
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  }

  function draw(gl, made, parts, state) {
    const canvas = gl.canvas;
    resize(canvas);
    const set = (name) => gl.getUniformLocation(made, name);
    const [right, up, towards] = axes(state);
    const still = poseAt([], 0);
    const moved = poseAt(state.path, state.at);
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(1, 1, 1, 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.useProgram(made);
    gl.uniformMatrix3fv(set("view"), true, [...right, ...up, ...towards]);
    gl.uniform3f(set("span"), state.reach * Math.max(1, canvas.width / canvas.height),
      state.reach * Math.max(1, canvas.height / canvas.width), 2000);
    const shown = parts.filter((part) => part.shown).sort((a, b) => b.opacity - a.opacity);
    for (const part of shown) {
      const solid = part.opacity === 1;
      gl.uniformMatrix4fv(set("pose"), true, part.leaves ? moved : still);
      gl.uniform4f(set("colour"), ...rgb(part.colour), part.opacity);
      gl.uniform1f(set("flush"), solid ? 0 : FLUSH_MM); // what lies on a solid is seen on it
      gl.uniform1f(set("veil"), part.flat || solid ? 0 : 1); // a veil is densest at its rim
      gl.depthMask(solid);
      gl[part.flat || solid ? "disable" : "enable"](gl.CULL_FACE);
      gl.bindVertexArray(part.array);
      for (const side of part.flat || solid ? [gl.BACK] : [gl.FRONT, gl.BACK]) {
        gl.cullFace(side);
        gl.drawElements(gl.TRIANGLES, part.size, part.kind, 0);
      }
    }
    gl.depthMask(true);
  }

  function placeLetters(box, state) {
    const [right, up, towards] = axes(state);
    for (const mark of box.children) {
      const axis = LETTERS[mark.dataset.side];
      mark.style.left = `${50 + 45 * dot(axis, right)}%`;
      mark.style.top = `${50 - 44 * dot(axis, up)}%`;
      mark.style.visibility = Math.abs(dot(axis, towards)) > 0.8 ? "hidden" : "visible";
    }
  }

  function turning(canvas, state, redraw) {
    const turn = (by, rise) => {
      state.from += by;
      state.above = Math.max(-89, Math.min(89, state.above + rise));
      redraw();
    };
    const zoom = (by) => {
      state.reach = Math.max(15, Math.min(400, state.reach * by));
      redraw();
    };
    const keys = {
      ArrowLeft: () => turn(TURN_DEG, 0), ArrowRight: () => turn(-TURN_DEG, 0), ArrowUp: () => turn(0, TURN_DEG),
      ArrowDown: () => turn(0, -TURN_DEG), "+": () => zoom(0.9), "=": () => zoom(0.9), "-": () => zoom(1.1),
    };
    canvas.addEventListener("keydown", (event) => {
      if (!keys[event.key]) return;
      event.preventDefault();
      keys[event.key]();
    });
    let last = null;
    canvas.addEventListener("pointerdown", (event) => {
      last = event;
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!last) return;
      turn((last.clientX - event.clientX) * 0.5, event.pointerType === "touch" ? 0 : (event.clientY - last.clientY) * 0.5);
      last = event;
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { last = null; });
    canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && document.activeElement !== canvas) return;
      event.preventDefault();
      zoom(event.deltaY > 0 ? 1.1 : 0.9);
    }, { passive: false });
    return { turn, zoom };
  }

  function controls(root, parts, cuts, state, redraw, move) {
    root.querySelectorAll("[data-part]").forEach((tick) => {
      tick.addEventListener("change", () => {
        parts[Number(tick.dataset.part)].shown = tick.checked;
        redraw();
      });
    });
    root.querySelectorAll("[data-from]").forEach((button) => {
      button.addEventListener("click", () => {
        [state.from, state.above] = [Number(button.dataset.from), Number(button.dataset.above)];
        redraw();
      });
    });
    root.querySelectorAll("[data-zoom]").forEach((button) => {
      button.addEventListener("click", () => move.zoom(Number(button.dataset.zoom)));
    });
    const steps = root.querySelector("[data-cuts]");
    if (steps) {
      const say = root.querySelector("[data-cuts-said]");
      const show = () => {
        const last = Number(steps.value);
        cuts.forEach((cut, n) => { cut.shown = n < last; });
        const words = `${last} / ${cuts.length}${last ? ` · ${cuts[last - 1].name}` : ""}`;
        say.textContent = words;
        steps.setAttribute("aria-valuetext", words);
        redraw();
      };
      steps.addEventListener("input", show);
      show();
    }
    delivery(root, state, redraw);
  }

  function delivery(root, state, redraw) {
    const along = root.querySelector("[data-way]");
    const play = root.querySelector("[data-play]");
    if (!along || !play) return;
    const go = (share) => {
      state.at = share * (state.path.length - 1);
      redraw();
    };
    along.addEventListener("input", () => go(along.value / along.max));
    let running = 0;
    play.addEventListener("click", () => {
      running += 1;
      const mine = running;
      const begun = performance.now();
      const step = (now) => {
        if (mine !== running) return;
        const share = Math.min(1, Math.max(0, now - begun) / 4000); // a frame's time may lie before the click
        along.value = share * along.max;
        go(share);
        if (share < 1) requestAnimationFrame(step);
      };
      requestAnimationFrame(step);
    });
  }

  function startScene() {
    const model = read("scene-model");
    const root = document.getElementById("scene3d");
    if (!model || !root) return;
    const canvas = root.querySelector("canvas");
    const gl = canvas.getContext("webgl2", { antialias: true, preserveDrawingBuffer: true });
    const made = gl && program(gl);
    if (!made) return;
    root.classList.add("alive");
    gl.enable(gl.DEPTH_TEST);
    gl.enable(gl.BLEND);
    gl.blendFuncSeparate(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA, gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    const parts = model.parts.map((part) => upload(gl, made, decode(part)));
    const cuts = model.cuts.map((cut) => ({ ...upload(gl, made, decode(cut)), flat: true }));
    const state = { from: Number(root.dataset.from), above: 15, reach: model.reach_mm, at: 0, path: model.path };
    let waiting = false;
    const redraw = () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        draw(gl, made, [...parts, ...cuts], state);
        placeLetters(root.querySelector(".letters"), state);
        canvas.dataset.drawn = String(Number(canvas.dataset.drawn || 0) + 1);
      });
    };
    controls(root, parts, cuts, state, redraw, turning(canvas, state, redraw));
    new ResizeObserver(redraw).observe(canvas);
    redraw();
  }

  function startStack() {
    const stack = read("slice-stack");
    const root = document.getElementById("stack");
    if (!stack || !root) return;
    const steps = root.querySelector("input");
    const show = () => {
      const slice = stack[Number(steps.value)];
      root.querySelector(".shown").innerHTML = slice.svg;
      root.querySelector(".said").textContent = slice.title;
      steps.setAttribute("aria-valuetext", slice.title);
    };
    steps.addEventListener("input", show);
    root.querySelector(".shown").addEventListener("wheel", (event) => {
      if (document.activeElement !== steps) return;
      event.preventDefault();
      steps.value = Number(steps.value) + Math.sign(event.deltaY);
      show();
    }, { passive: false });
    root.classList.add("alive");
  }

  startStack();
  startScene();
})();
