// Web Mercator in world units: x and y run from 0 to 1, y southwards. Everything stays in float64 until it is
// clipped to the view, so that drawing is exact at street scale too.
const EARTH_RADIUS_M = 6371008.8;
const WORLD_M = 2 * Math.PI * EARTH_RADIUS_M;
const MAX_LATITUDE_DEG = 85.0511287798066;
const RAD = Math.PI / 180;

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

function mercatorY(latitudeDeg) {
  const sine = Math.sin(clamp(latitudeDeg, -MAX_LATITUDE_DEG, MAX_LATITUDE_DEG) * RAD);
  return 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
}

const mercatorX = (longitudeDeg) => longitudeDeg / 360 + 0.5;
const longitudeAt = (x) => (((x % 1) + 1) % 1) * 360 - 180;
const latitudeAt = (y) => Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) / RAD;

// The shift by whole turns that brings x nearest to a reference.
const nearestTurn = (x, reference) => x + Math.round(reference - x);

// A circle on the sphere. `line` is its rim; `area` bounds its inside; `inverted` tells that the inside is all
// but the area (a circle that holds both poles). Null for a circle that holds the whole Earth.
function circleOnSphere(longitudeDeg, latitudeDeg, radiusM, vertices = 180) {
  const angle = radiusM / EARTH_RADIUS_M;
  if (!(angle > 0) || angle > 0.9995 * Math.PI) return null;
  const northward = latitudeDeg + angle / RAD > 90;
  const southward = -latitudeDeg + angle / RAD > 90;
  const sinLat = Math.sin(latitudeDeg * RAD);
  const cosLat = Math.cos(latitudeDeg * RAD);
  const line = [];
  let previous = longitudeDeg;
  for (let step = 0; step <= vertices; step += 1) {
    const bearing = (2 * Math.PI * step) / vertices;
    const sine = clamp(sinLat * Math.cos(angle) + cosLat * Math.sin(angle) * Math.cos(bearing), -1, 1);
    const turn = Math.atan2(
      Math.sin(bearing) * Math.sin(angle) * cosLat,
      Math.cos(angle) - sinLat * sine,
    );
    let longitude = longitudeDeg + turn / RAD;
    longitude += 360 * Math.round((previous - longitude) / 360);
    previous = longitude;
    line.push([mercatorX(longitude), mercatorY(Math.asin(sine) / RAD)]);
  }
  const inverted = northward && southward;
  const area = line.slice();
  if (northward !== southward) {
    const edge = northward ? -1 : 2;
    area.push([line[vertices][0], edge], [line[0][0], edge]);
  }
  return { line, area, inverted };
}

// Sutherland and Hodgman's clipping of a polygon, given and returned as [x, y] pairs, to a rectangle.
function clipPolygon(points, [left, top, right, bottom]) {
  const sides = [
    [0, left, 1],
    [0, right, -1],
    [1, top, 1],
    [1, bottom, -1],
  ];
  let ring = points;
  for (const [axis, limit, sign] of sides) {
    const input = ring;
    ring = [];
    for (let i = 0; i < input.length; i += 1) {
      const here = input[i];
      const before = input[(i + input.length - 1) % input.length];
      const hereIn = sign * (here[axis] - limit) >= 0;
      const beforeIn = sign * (before[axis] - limit) >= 0;
      if (hereIn !== beforeIn) {
        const share = (limit - before[axis]) / (here[axis] - before[axis]);
        ring.push([before[0] + share * (here[0] - before[0]), before[1] + share * (here[1] - before[1])]);
      }
      if (hereIn) ring.push(here);
    }
    if (!ring.length) return ring;
  }
  return ring;
}

// Liang and Barsky's clipping of one segment; null when it lies outside.
function clipSegment(a, b, [left, top, right, bottom]) {
  const dx = b[0] - a[0];
  const dy = b[1] - a[1];
  let enter = 0;
  let leave = 1;
  for (const [p, q] of [
    [-dx, a[0] - left],
    [dx, right - a[0]],
    [-dy, a[1] - top],
    [dy, bottom - a[1]],
  ]) {
    if (p === 0) {
      if (q < 0) return null;
    } else if (p < 0) {
      enter = Math.max(enter, q / p);
    } else {
      leave = Math.min(leave, q / p);
    }
  }
  if (enter > leave) return null;
  const at = (share) => [a[0] + share * dx, a[1] + share * dy];
  return [at(enter), at(leave)];
}

// Smallest box round boxes [west, north, east, south] in world units, over the date line where that is shorter.
function boundsOf(boxes) {
  const folded = boxes
    .map(([west, north, east, south]) => {
      const turn = Math.floor(west);
      return [west - turn, north, east - turn, south];
    })
    .sort((a, b) => a[0] - b[0]);
  if (!folded.length) return null;
  let reach = -Infinity;
  let widest = { gap: 1 - Math.max(...folded.map((box) => box[2])) + folded[0][0], start: 0 };
  folded.forEach((box, index) => {
    if (index && box[0] - reach > widest.gap) widest = { gap: box[0] - reach, start: index };
    reach = Math.max(reach, box[2]);
  });
  const west = folded[widest.start][0];
  const east = Math.max(...folded.map((box, index) => box[2] + (index < widest.start ? 1 : 0)));
  const whole = east - west >= 1;
  return [
    whole ? 0 : west,
    Math.min(...folded.map((box) => box[1])),
    whole ? 1 : east,
    Math.max(...folded.map((box) => box[3])),
  ];
}
