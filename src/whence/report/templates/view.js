// What part of the world is seen: the centre in world units and the width of the world in pixels.
const CLOSEST_M_PER_PX = 0.02;

class View {
  constructor() {
    this.x = 0.5;
    this.y = 0.42;
    this.scale = 512;
    this.width = 1;
    this.height = 1;
    this.insetRight = 0; // pixels covered by the panel on the right
    this.flight = 0;
    this.changed = () => {};
  }

  resize(width, height) {
    this.width = Math.max(width, 1);
    this.height = Math.max(height, 1);
    this.constrain();
  }

  get smallest() {
    return Math.max(this.height, 0.62 * this.width);
  }

  constrain() {
    this.scale = clamp(this.scale, this.smallest, WORLD_M / CLOSEST_M_PER_PX);
    const half = this.height / 2 / this.scale;
    this.y = clamp(this.y, half, 1 - half);
    this.x -= Math.floor(this.x);
  }

  toPixel(x, y) {
    return [(x - this.x) * this.scale + this.width / 2, (y - this.y) * this.scale + this.height / 2];
  }

  toWorld(px, py) {
    return [this.x + (px - this.width / 2) / this.scale, this.y + (py - this.height / 2) / this.scale];
  }

  // Whole turns at which something between two x is seen.
  turns(west, east) {
    const half = this.width / 2 / this.scale;
    const turns = [];
    for (let turn = Math.ceil(this.x - half - east); turn <= this.x + half - west; turn += 1) turns.push(turn);
    return turns;
  }

  metresPerPixel(y = this.y) {
    return (WORLD_M * Math.cos(latitudeAt(y) * RAD)) / this.scale;
  }

  pan(dx, dy) {
    this.stop();
    this.x -= dx / this.scale;
    this.y -= dy / this.scale;
    this.constrain();
    this.changed();
  }

  zoomAt(px, py, factor) {
    this.stop();
    const [x, y] = this.toWorld(px, py);
    this.scale *= factor;
    this.constrain();
    this.x = x - (px - this.width / 2) / this.scale;
    this.y = y - (py - this.height / 2) / this.scale;
    this.constrain();
    this.changed();
  }

  // Show a box [west, north, east, south] in world units, beside the panel.
  fit([west, north, east, south], { margin = 56, closestMetres = 60, animate = true } = {}) {
    const free = Math.max(this.width - this.insetRight, 120);
    const room = [Math.max(free - 2 * margin, 60), Math.max(this.height - 2 * margin, 60)];
    const middle = (mercatorLimit(north) + mercatorLimit(south)) / 2;
    const least = closestMetres / (WORLD_M * Math.cos(latitudeAt(middle) * RAD));
    const wanted = Math.min(room[0] / Math.max(east - west, least), room[1] / Math.max(south - north, least));
    const scale = Math.max(wanted, this.smallest);
    this.flyTo((west + east) / 2 + this.insetRight / 2 / scale, middle, scale, animate);
  }

  flyTo(x, y, scale, animate) {
    this.stop();
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const from = [nearestTurn(this.x, x), this.y, Math.log(this.scale)];
    const to = [x, y, Math.log(scale)];
    const started = performance.now();
    const step = (now) => {
      const share = animate && !still ? clamp((now - started) / 420, 0, 1) : 1;
      const eased = 1 - (1 - share) ** 3;
      // Moving in proportion to the ground that comes into view keeps the goal in sight.
      const ground = Math.abs(to[2] - from[2]) < 1e-6
        ? eased
        : (Math.exp(-from[2]) - Math.exp(-(from[2] + eased * (to[2] - from[2])))) /
          (Math.exp(-from[2]) - Math.exp(-to[2]));
      this.x = from[0] + ground * (to[0] - from[0]);
      this.y = from[1] + ground * (to[1] - from[1]);
      this.scale = Math.exp(from[2] + eased * (to[2] - from[2]));
      this.constrain();
      this.changed();
      if (share < 1) this.flight = requestAnimationFrame(step);
    };
    step(started);
  }

  stop() {
    cancelAnimationFrame(this.flight);
  }
}

const mercatorLimit = (y) => clamp(y, 0, 1);
