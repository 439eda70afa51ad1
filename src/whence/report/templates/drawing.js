// Everything that is painted on the canvas. Colours come from the style sheet, so that themes live in one place.
const EDGE_PX = 40; // shapes are clipped this far outside the view, so that their cut edges stay unseen
const THEME_NAMES = [
  "sea", "land", "coast", "graticule", "ink", "muted", "paper", "answer", "answer-ink", "truth", "source",
];

class Drawing {
  constructor(canvas, view, land, places) {
    this.canvas = canvas;
    this.view = view;
    this.context = canvas.getContext("2d");
    this.places = places;
    this.rings = land.map((steps) => {
      const corners = []; // longitude and latitude in hundredths of a degree
      for (let i = 0; i < steps.length; i += 2) {
        const [longitude, latitude] = corners.at(-1) ?? [0, 0];
        corners.push([longitude + steps[i], latitude + steps[i + 1]]);
      }
      const points = corners.map(([longitude, latitude]) => [mercatorX(longitude / 100), mercatorY(latitude / 100)]);
      // Whether the side that ends at a corner is a coast, and not a cut along the edge of the sheet.
      const coasts = corners.map(([longitude, latitude], i) => {
        const [otherLongitude, otherLatitude] = corners.at(i - 1);
        const onSide = Math.abs(longitude) > 17990 && Math.abs(otherLongitude) > 17990;
        return !onSide && !(latitude < -8400 && otherLatitude < -8400);
      });
      const xs = points.map((point) => point[0]);
      const ys = points.map((point) => point[1]);
      const box = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
      return { points, coasts, box };
    });
    this.readTheme();
  }

  readTheme(style = getComputedStyle(document.documentElement)) {
    this.theme = Object.fromEntries(
      THEME_NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]),
    );
    this.font = style.getPropertyValue("--sans").trim();
  }

  begin() {
    const ratio = window.devicePixelRatio || 1;
    const { width, height } = this.view;
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
    }
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.context.fillStyle = this.theme.sea;
    this.context.fillRect(0, 0, width, height);
    this.window = [-EDGE_PX, -EDGE_PX, width + EDGE_PX, height + EDGE_PX];
    this.taken = []; // boxes of the labels written so far
  }

  ground() {
    const { context, theme } = this;
    context.beginPath();
    this.eachRing((points) => this.traceArea(points));
    context.fillStyle = theme.land;
    context.fill("evenodd");
    this.graticule();
    // The outline is good to some kilometres; closer in it would only pretend.
    const strength = clamp(Math.log10(this.view.metresPerPixel() / 8) / 1.2, 0, 1);
    if (strength > 0) {
      context.beginPath();
      this.eachRing((points, coasts) => this.traceLine(points, coasts));
      context.globalAlpha = strength;
      context.strokeStyle = theme.coast;
      context.lineWidth = 0.8;
      context.stroke();
      context.globalAlpha = 1;
    }
    this.placeNames();
  }

  eachRing(trace) {
    const { view } = this;
    const [, north] = view.toWorld(0, 0);
    const [, south] = view.toWorld(0, view.height);
    for (const { points, coasts, box } of this.rings) {
      if (box[3] < north || box[1] > south) continue;
      for (const turn of view.turns(box[0], box[2])) {
        trace(points.map(([x, y]) => view.toPixel(x + turn, y)), coasts);
      }
    }
  }

  traceArea(pixels) {
    const ring = clipPolygon(pixels, this.window);
    ring.forEach(([x, y], i) => (i ? this.context.lineTo(x, y) : this.context.moveTo(x, y)));
    if (ring.length) this.context.closePath();
  }

  traceLine(pixels, drawn = null) {
    let pen = null;
    for (let i = drawn ? 0 : 1; i < pixels.length; i += 1) {
      const before = pixels[(i + pixels.length - 1) % pixels.length];
      const part = drawn && !drawn[i] ? null : clipSegment(before, pixels[i], this.window);
      if (!part) {
        pen = null;
        continue;
      }
      if (!pen || pen[0] !== part[0][0] || pen[1] !== part[0][1]) this.context.moveTo(...part[0]);
      this.context.lineTo(...part[1]);
      pen = part[1];
    }
  }

  graticule() {
    const { context, view, theme } = this;
    const steps = [30, 15, 10, 5, 2, 1];
    for (let size = 0.1; size > 1e-7; size /= 10) steps.push(5 * size, 2 * size, size);
    const pxPerDegree = view.scale / 360;
    const step = steps.findLast((size) => size * pxPerDegree >= 110) ?? 30;
    const decimals = clamp(Math.ceil(-Math.log10(step) - 1e-9), 0, 7);
    const [west, north] = view.toWorld(0, 0);
    const [east, south] = view.toWorld(view.width, view.height);
    context.beginPath();
    const labels = [];
    for (let k = Math.ceil(((west - 0.5) * 360) / step); k * step <= (east - 0.5) * 360; k += 1) {
      const [px] = view.toPixel(mercatorX(k * step), 0);
      context.moveTo(px, 0);
      context.lineTo(px, view.height);
      labels.push([px + 4, 12, degreesText(longitudeAt(mercatorX(k * step)), "EW", decimals)]);
    }
    for (let k = Math.ceil(latitudeAt(south) / step); k * step <= latitudeAt(north); k += 1) {
      const [, py] = view.toPixel(0, mercatorY(k * step));
      context.moveTo(0, py);
      context.lineTo(view.width, py);
      if (py > 28 && py < view.height - 30) labels.push([view.width - view.insetRight - 6, py - 4, degreesText(k * step, "NS", decimals), "right"]);
    }
    context.strokeStyle = theme.graticule;
    context.lineWidth = 1;
    context.stroke();
    context.font = `10px ${this.font}`;
    context.fillStyle = theme.muted;
    for (const [x, y, text, align] of labels) {
      context.textAlign = align ?? "left";
      context.fillText(text, x, y);
    }
  }

  // Names of places, the most populous first, where there is room for them.
  placeNames() {
    const { context, view, theme } = this;
    const kilometres = view.metresPerPixel() / 1000;
    const least = kilometres > 12 ? 5e6 : kilometres > 5 ? 1e6 : kilometres > 1.2 ? 2e5 : 0;
    context.font = `11px ${this.font}`;
    context.textAlign = "left";
    for (const [name, longitude, latitude, population] of this.places) {
      if (population < least) break;
      const x = mercatorX(longitude);
      const y = mercatorY(latitude);
      for (const turn of view.turns(x, x)) {
        const [px, py] = view.toPixel(x + turn, y);
        if (py < 16 || py > view.height - 28) continue; // the foot of the map has its own text
        const width = context.measureText(name).width;
        if (!this.claim([px - 4, py - 9, px + 8 + width, py + 7])) continue;
        context.fillStyle = theme.muted;
        context.fillRect(px - 1.5, py - 1.5, 3, 3);
        this.outlined(name, px + 6, py + 4, theme.muted);
      }
    }
  }

  claim(box) {
    const free = this.taken.every(
      (other) => box[0] > other[2] || box[2] < other[0] || box[1] > other[3] || box[3] < other[1],
    );
    if (free) this.taken.push(box);
    return free;
  }

  outlined(text, x, y, colour) {
    const { context, theme } = this;
    context.lineJoin = "round";
    context.lineWidth = 3;
    context.strokeStyle = theme.land;
    context.strokeText(text, x, y);
    context.fillStyle = colour;
    context.fillText(text, x, y);
  }

  // The shape of a circle in pixels, once for every turn at which it is seen.
  copies(longitude, latitude, radiusM) {
    const shape = circleOnSphere(longitude, latitude, radiusM);
    if (!shape) return null;
    const { view } = this;
    const xs = shape.line.map((point) => point[0]);
    const turns = view.turns(Math.min(...xs), Math.max(...xs));
    const pixels = (points, turn) => points.map(([x, y]) => view.toPixel(x + turn, y));
    return {
      inverted: shape.inverted,
      areas: turns.map((turn) => pixels(shape.area, turn)),
      lines: turns.map((turn) => pixels(shape.line, turn)),
    };
  }

  // A circle of a radius in metres, true to scale; dashed for the promise, plain for a hypothesis of its own.
  circle(longitude, latitude, radiusM, { colour, dash = [], fill = 0, width = 1.5, strength = 1 }) {
    const shape = this.copies(longitude, latitude, radiusM);
    if (!shape) return;
    const { context, view } = this;
    if (fill > 0) {
      context.beginPath();
      if (shape.inverted) context.rect(0, 0, view.width, view.height);
      for (const area of shape.areas) this.traceArea(area);
      context.globalAlpha = fill;
      context.fillStyle = colour;
      context.fill("evenodd");
    }
    context.beginPath();
    for (const line of shape.lines) this.traceLine(line);
    context.globalAlpha = strength;
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.setLineDash(dash);
    context.stroke();
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  // The ground that any of several circles [longitude, latitude, metres] covers, in one even tint.
  union(circles, colour) {
    const { context } = this;
    const shapes = circles.map((circle) => this.copies(...circle)).filter((shape) => shape && !shape.inverted);
    context.beginPath();
    for (const shape of shapes) for (const area of shape.areas) this.traceArea(area);
    context.globalAlpha = 0.16;
    context.fillStyle = colour;
    context.fill("nonzero"); // they all run the same way round
    context.beginPath();
    for (const shape of shapes) for (const line of shape.lines) this.traceLine(line);
    context.globalAlpha = 0.3;
    context.strokeStyle = colour;
    context.lineWidth = 1;
    context.stroke();
    context.globalAlpha = 1;
  }

  // The great circle between two positions.
  path(from, to, colour) {
    const vector = ([longitude, latitude]) => {
      const level = Math.cos(latitude * RAD);
      return [level * Math.cos(longitude * RAD), level * Math.sin(longitude * RAD), Math.sin(latitude * RAD)];
    };
    const [a, b] = [vector(from), vector(to)];
    const chord = Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
    const angle = 2 * Math.asin(Math.min(1, chord / 2));
    const pieces = clamp(Math.ceil(angle / 0.02), 1, 160);
    const line = [];
    let previous = mercatorX(from[0]);
    for (let i = 0; i <= pieces; i += 1) {
      const share = i / pieces;
      const [p, q] = angle < 1e-6
        ? [1 - share, share]
        : [Math.sin((1 - share) * angle) / Math.sin(angle), Math.sin(share * angle) / Math.sin(angle)];
      const [x, y, z] = a.map((value, axis) => p * value + q * b[axis]);
      // The ends are taken as given: 1e-6 rad of rounding would be seen at street scale.
      const end = i === 0 ? from : i === pieces ? to : [Math.atan2(y, x) / RAD, Math.atan2(z, Math.hypot(x, y)) / RAD];
      previous = nearestTurn(mercatorX(end[0]), previous);
      line.push([previous, mercatorY(end[1])]);
    }
    const xs = line.map((point) => point[0]);
    const { context, view } = this;
    context.beginPath();
    for (const turn of view.turns(Math.min(...xs), Math.max(...xs))) {
      this.traceLine(line.map(([x, y]) => view.toPixel(x + turn, y)));
    }
    context.strokeStyle = colour;
    context.lineWidth = 1.5;
    context.stroke();
  }

  // Many equal dots: painted once, then stamped.
  stamps(positions, radius, { colour, strength }) {
    const size = Math.ceil(radius + 2);
    const ratio = window.devicePixelRatio || 1;
    const stamp = document.createElement("canvas");
    stamp.width = stamp.height = Math.ceil(2 * size * ratio);
    const { context } = this;
    this.context = stamp.getContext("2d");
    this.context.scale(ratio, ratio);
    this.dot(size, size, radius, { colour });
    this.context = context;
    context.globalAlpha = strength;
    for (const [px, py] of positions) context.drawImage(stamp, px - size, py - size, 2 * size, 2 * size);
    context.globalAlpha = 1;
  }

  dot(px, py, radius, { colour, text = "", hollow = false, strength = 1 }) {
    const { context, theme } = this;
    context.beginPath();
    context.arc(px, py, radius, 0, 2 * Math.PI);
    context.globalAlpha = strength;
    context.fillStyle = hollow ? theme.paper : colour;
    context.fill();
    context.lineWidth = 1.5;
    context.strokeStyle = hollow ? colour : theme.paper;
    context.stroke();
    context.globalAlpha = 1;
    if (!text) return;
    context.font = `600 ${Math.round(radius * 1.15)}px ${this.font}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillStyle = hollow ? colour : theme["answer-ink"];
    context.fillText(text, px, py + 0.5);
    context.textBaseline = "alphabetic";
  }

  // The truth is a cross in a square: told from the answers by its shape, not by its colour alone.
  cross(px, py, size = 7) {
    const { context, theme } = this;
    for (const [colour, width] of [[theme.paper, 4.5], [theme.truth, 2]]) {
      context.beginPath();
      context.moveTo(px - size, py);
      context.lineTo(px + size, py);
      context.moveTo(px, py - size);
      context.lineTo(px, py + size);
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.stroke();
    }
  }

  label(text, px, py) {
    const { context, theme, view } = this;
    context.font = `12px ${this.font}`;
    const width = context.measureText(text).width + 16;
    const x = clamp(px + 12, 4, view.width - width - 4);
    const y = clamp(py - 30, 4, view.height - 28);
    context.fillStyle = theme.ink;
    context.beginPath();
    context.roundRect(x, y, width, 24, 4);
    context.fill();
    context.fillStyle = theme.paper;
    context.textAlign = "left";
    context.fillText(text, x + 8, y + 16);
  }
}
