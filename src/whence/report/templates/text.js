// Numbers for people, and elements built without ever parsing a text as HTML.
function lengthText(metres) {
  if (metres == null) return "–";
  const [value, unit] = metres < 999.5 ? [metres, "m"] : [metres / 1000, "km"];
  const text = value < 9.95 ? value.toFixed(1).replace(/\.0$/, "") : Math.round(value).toLocaleString("en");
  return `${text} ${unit}`;
}

function shareText(share) {
  if (share > 0 && share < 0.01) return "<1%";
  if (share < 1 && share > 0.99) return ">99%";
  return `${Math.round(100 * share)}%`;
}

// Latitude, longitude as other maps take them; five decimals are a metre.
const pairText = (longitude, latitude) => `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`;

function degreesText(value, letters, decimals) {
  const number = Math.abs(value).toFixed(decimals);
  if (Number(number) % 180 === 0) return `${number}°`; // neither north nor south, neither east nor west
  return `${number}° ${value < 0 ? letters[1] : letters[0]}`;
}

function positionText(longitude, latitude, radiusM) {
  const decimals = radiusM == null ? 4 : clamp(Math.round(6 - Math.log10(Math.max(radiusM, 1))), 1, 5);
  return `${degreesText(latitude, "NS", decimals)}  ${degreesText(longitude, "EW", decimals)}`;
}

const baseName = (path) => path.replace(/^.*[\\/](?=[^\\/])/, "");
const folderName = (path) => path.slice(0, path.length - baseName(path).length);

const openStreetMap = (longitude, latitude, radiusM) => {
  const zoom = clamp(Math.round(Math.log2(WORLD_M / Math.max(radiusM ?? 1000, 50)) - 1), 3, 18);
  const [lat, lon] = [latitude.toFixed(6), longitude.toFixed(6)];
  return `https://www.openstreetmap.org/?mlat=${lat}&mlon=${lon}#map=${zoom}/${lat}/${lon}`;
};

const SVG_NAMES = new Set(["svg", "path", "circle", "line"]);

function el(name, attributes = {}, ...children) {
  const node = SVG_NAMES.has(name)
    ? document.createElementNS("http://www.w3.org/2000/svg", name)
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child != null));
  return node;
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Pages opened from a disk may not use the clipboard interface in every browser.
    const area = el("textarea", { class: "off-screen", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  announce(`Copied ${text}`);
}

function announce(text) {
  const region = document.getElementById("announcer");
  region.textContent = "";
  region.textContent = text;
}
