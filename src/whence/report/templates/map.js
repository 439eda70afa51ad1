// The map: what is drawn for the photographs, and what hands and keys do to the view.
const DOT_GRID_PX = 3; // of dots that would cover each other only one is painted
const WIDE_M = 3e6; // radii above this are not what the view is fitted to

class PhotoMap {
  constructor(canvas, photos, { land, places, onSelect }) {
    this.canvas = canvas;
    this.photos = photos;
    this.onSelect = onSelect;
    this.view = new View();
    this.drawing = new Drawing(canvas, this.view, land, places);
    this.shown = photos.map((_, index) => index);
    this.selected = null;
    this.hovered = null;
    this.source = null;
    this.view.changed = () => this.redraw();
    this.listen();
    new ResizeObserver(() => this.measure()).observe(canvas.parentElement);
    this.measure();
  }

  measure() {
    const { clientWidth, clientHeight } = this.canvas.parentElement;
    this.view.resize(clientWidth, clientHeight);
    this.paint();
  }

  redraw() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => this.paint());
  }

  paint() {
    cancelAnimationFrame(this.waiting);
    this.waiting = 0;
    this.drawing.begin();
    this.drawing.ground();
    this.hits = [];
    this.paintDots();
    if (this.selected != null) this.paintSelected(this.photos[this.selected]);
    this.paintHovered();
    this.paintScale();
  }

  paintDots() {
    const { view, drawing } = this;
    const crowd = this.shown.length > 300;
    const style = { colour: drawing.theme.answer, strength: this.selected == null ? 0.9 : 0.35 };
    const painted = new Set();
    const positions = [];
    for (const index of this.shown) {
      const best = this.photos[index].hypotheses[0];
      if (!best) continue;
      const x = mercatorX(best.longitude);
      const y = mercatorY(best.latitude);
      for (const turn of view.turns(x, x)) {
        const [px, py] = view.toPixel(x + turn, y);
        if (py < -10 || py > view.height + 10) continue;
        this.hits.push([px, py, index]);
        if (index === this.selected) continue; // painted last, with all that belongs to it
        const cell = Math.round(px / DOT_GRID_PX) * 65536 + Math.round(py / DOT_GRID_PX);
        if (painted.has(cell)) continue;
        painted.add(cell);
        if (crowd) positions.push([px, py]);
        else drawing.dot(px, py, 3.5 + 2.5 * Math.sqrt(best.probability), style);
      }
    }
    if (crowd) drawing.stamps(positions, 3.5, style);
  }

  paintSelected(photo) {
    const { drawing } = this;
    const { answer, truth } = drawing.theme;
    if (this.source != null) this.paintSource(photo.evidence[this.source].patches);
    const [best, ...others] = photo.hypotheses;
    if (best) drawing.circle(best.longitude, best.latitude, best.radius_m, { colour: answer, dash: [5, 4], fill: 0.05 });
    for (const other of others) {
      drawing.circle(other.longitude, other.latitude, other.own_radius_m, { colour: answer, strength: 0.45, width: 1 });
    }
    if (best) drawing.circle(best.longitude, best.latitude, best.own_radius_m, { colour: answer, fill: 0.1 });
    if (photo.truth && best) drawing.path([best.longitude, best.latitude], photo.truth, truth);
    photo.hypotheses
      .map((hypothesis, rank) => [hypothesis, rank])
      .reverse()
      .forEach(([{ longitude, latitude, probability }, rank]) => {
        const radius = 7 + 9 * Math.sqrt(probability);
        const style = { colour: answer, text: String(rank + 1), hollow: rank > 0 };
        this.eachTurn(longitude, latitude, (px, py) => drawing.dot(px, py, rank ? radius : Math.max(radius, 9), style));
      });
    if (photo.truth) this.eachTurn(...photo.truth, (px, py) => drawing.cross(px, py));
  }

  // What one source said on its own: discs of 1.5 spreads hold two thirds of their patches.
  paintSource(patches) {
    const { drawing } = this;
    const colour = drawing.theme.source;
    const most = Math.max(...patches.map((patch) => patch[3]));
    drawing.union(patches.map(([longitude, latitude, spreadM]) => [longitude, latitude, 1.5 * spreadM]), colour);
    for (const [longitude, latitude, , weight] of patches) {
      const radius = 2 + 2.5 * Math.sqrt(weight / most);
      this.eachTurn(longitude, latitude, (px, py) => drawing.dot(px, py, radius, { colour }));
    }
  }

  eachTurn(longitude, latitude, paint) {
    const x = mercatorX(longitude);
    for (const turn of this.view.turns(x, x)) paint(...this.view.toPixel(x + turn, mercatorY(latitude)));
  }

  paintHovered() {
    if (this.hovered == null || this.hovered === this.selected) return;
    const photo = this.photos[this.hovered];
    const best = photo.hypotheses[0];
    if (!best) return;
    const { drawing } = this;
    drawing.circle(best.longitude, best.latitude, best.radius_m, {
      colour: drawing.theme.answer, dash: [5, 4], strength: 0.6, width: 1,
    });
    this.eachTurn(best.longitude, best.latitude, (px, py) => {
      drawing.dot(px, py, 7, { colour: drawing.theme.answer });
      drawing.label(baseName(photo.path), px, py);
    });
  }

  paintScale() {
    const metres = this.view.metresPerPixel() * 140;
    const power = 10 ** Math.floor(Math.log10(metres));
    const nice = [5, 2, 1].map((digit) => digit * power).find((length) => length <= metres);
    const bar = document.getElementById("scale-bar");
    bar.style.width = `${nice / this.view.metresPerPixel()}px`;
    bar.textContent = nice < 1000 ? `${+nice.toPrecision(1)} m` : `${(nice / 1000).toLocaleString("en")} km`;
  }

  show(indices) {
    this.shown = indices;
    this.redraw();
  }

  select(index, animate = true) {
    this.selected = index;
    this.source = null;
    if (index != null) this.fitPhoto(this.photos[index], animate);
    this.redraw();
  }

  showSource(position) {
    this.source = position;
    if (position != null) {
      const { patches } = this.photos[this.selected].evidence[position];
      this.view.fit(boundsOf(patches.map(([lon, lat, spread]) => circleBox(lon, lat, 1.5 * spread))));
    }
    this.redraw();
  }

  // The promise and the truth; where the promise is as wide as a continent, the hypotheses themselves.
  fitPhoto(photo, animate = true) {
    const [best] = photo.hypotheses;
    const wide = best && !(best.radius_m < WIDE_M);
    const drawn = wide ? photo.hypotheses.map((one) => [one, one.own_radius_m]) : best ? [[best, best.radius_m]] : [];
    const boxes = drawn.map(([one, radiusM]) => circleBox(one.longitude, one.latitude, Math.min(radiusM, WIDE_M)));
    if (photo.truth) boxes.push(circleBox(...photo.truth, 5));
    if (boxes.length) this.view.fit(boundsOf(boxes), { animate });
  }

  fitHypothesis({ longitude, latitude, own_radius_m: radiusM }) {
    this.view.fit(circleBox(longitude, latitude, radiusM));
  }

  fitAll(animate = true) {
    const boxes = this.shown
      .map((index) => this.photos[index].hypotheses[0])
      .filter(Boolean)
      .map(({ longitude, latitude }) => circleBox(longitude, latitude, 30));
    const world = [0, mercatorY(78), 1, mercatorY(-56)];
    this.view.fit(boundsOf(boxes) ?? world, { animate, closestMetres: 400 });
  }

  listen() {
    const { canvas } = this;
    const fingers = new Map();
    let travelled = 0;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, [event.offsetX, event.offsetY]);
      travelled = 0;
    });
    canvas.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (!before) {
        this.hover(event);
        return;
      }
      const now = [event.offsetX, event.offsetY];
      travelled += Math.hypot(now[0] - before[0], now[1] - before[1]);
      const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
      fingers.set(event.pointerId, now);
      if (other) this.pinch(before, now, other);
      else if (travelled > 4) this.view.pan(now[0] - before[0], now[1] - before[1]);
    });
    const release = (event) => {
      const known = fingers.delete(event.pointerId);
      if (known && event.type === "pointerup" && travelled <= 4 && !fingers.size) this.click(event);
    };
    for (const type of ["pointerup", "pointercancel"]) canvas.addEventListener(type, release);
    canvas.addEventListener("pointerleave", () => this.setHovered(null));
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("dblclick", (event) => {
      this.view.zoomAt(event.offsetX, event.offsetY, event.shiftKey ? 0.5 : 2);
    });
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  pinch(before, now, other) {
    const spread = (a, b) => Math.max(Math.hypot(a[0] - b[0], a[1] - b[1]), 1);
    this.view.zoomAt(other[0], other[1], spread(now, other) / spread(before, other));
  }

  wheel(event) {
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : 1);
    const speed = event.ctrlKey ? 0.01 : 0.0022; // a pinch on a touch pad arrives as a wheel with the control key
    this.view.zoomAt(event.offsetX, event.offsetY, Math.exp(-clamp(pixels, -300, 300) * speed));
  }

  key(event) {
    const { view } = this;
    const middle = [(view.width - view.insetRight) / 2, view.height / 2];
    const actions = {
      ArrowLeft: () => view.pan(80, 0),
      ArrowRight: () => view.pan(-80, 0),
      ArrowUp: () => view.pan(0, 80),
      ArrowDown: () => view.pan(0, -80),
      "+": () => view.zoomAt(...middle, 1.6),
      "=": () => view.zoomAt(...middle, 1.6),
      "-": () => view.zoomAt(...middle, 1 / 1.6),
      0: () => this.fitAll(),
    };
    const action = actions[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  }

  near(event) {
    const reach = event.pointerType === "touch" ? 24 : 12;
    return this.hits
      .map(([px, py, index]) => [Math.hypot(px - event.offsetX, py - event.offsetY), index])
      .filter(([distance]) => distance <= reach)
      .sort((a, b) => a[0] - b[0])
      .map(([, index]) => index);
  }

  hover(event) {
    this.setHovered(this.near(event)[0] ?? null);
    const [x, y] = this.view.toWorld(event.offsetX, event.offsetY);
    const decimals = clamp(Math.round(5 - Math.log10(this.view.metresPerPixel())), 0, 6);
    const [longitude, latitude] = [longitudeAt(x), latitudeAt(y)];
    document.getElementById("pointer-position").textContent =
      `${degreesText(latitude, "NS", decimals)}  ${degreesText(longitude, "EW", decimals)}`;
  }

  setHovered(index) {
    if (index === this.hovered) return;
    this.hovered = index;
    this.canvas.classList.toggle("on-dot", index != null);
    this.redraw();
  }

  // Dots that cover each other are reached one after the other by clicking again.
  click(event) {
    const found = this.near(event);
    if (found.length) this.onSelect(found[(found.indexOf(this.selected) + 1) % found.length]);
  }
}

// Box of a circle in world units; a circle round a pole spans all longitudes.
function circleBox(longitude, latitude, radiusM) {
  const shape = circleOnSphere(longitude, latitude, radiusM, 48);
  if (!shape || shape.inverted || shape.area.length > shape.line.length) return [0, 0, 1, 1];
  const xs = shape.line.map((point) => point[0]);
  const ys = shape.line.map((point) => point[1]);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}
