// The page: data in, parts joined, one selection shared by the list, the map and the panel.
const DATA = JSON.parse(document.getElementById("data").textContent);

const panel = document.getElementById("detail");
let map = null;
let list = null;

function select(index, { focus = false, animate = true } = {}) {
  if (index == null) {
    closePanel();
    return;
  }
  const actions = {
    close: () => closePanel({ focus: true }),
    hypothesis: (hypothesis) => map.fitHypothesis(hypothesis),
    source: toggleSource,
  };
  panel.replaceChildren(...detailOf(DATA.photos[index], actions));
  panel.hidden = false;
  panel.scrollTop = 0;
  document.body.classList.add("with-detail");
  map.view.insetRight = coveredByPanel();
  map.select(index, animate);
  list.select(index);
  if (focus) document.getElementById("detail-title").focus({ preventScroll: true });
  if (onPhone()) document.getElementById("map").scrollIntoView();
  replaceHash(`#${index + 1}`);
}

const onPhone = () => matchMedia("(max-width: 900px)").matches;

// Pixels of the map under the panel: none where the panel has its own place, as on a phone.
function coveredByPanel() {
  const mapBox = document.getElementById("map").getBoundingClientRect();
  return onPhone() ? 0 : mapBox.right - panel.getBoundingClientRect().left;
}

function closePanel({ focus = false } = {}) {
  panel.hidden = true;
  document.body.classList.remove("with-detail");
  map.view.insetRight = 0;
  map.select(null);
  if (focus) list.focusSelected();
  list.select(null);
  replaceHash("#");
}

function toggleSource(position, button) {
  const on = button.getAttribute("aria-pressed") !== "true";
  for (const other of panel.querySelectorAll("[aria-pressed]")) other.setAttribute("aria-pressed", "false");
  button.setAttribute("aria-pressed", String(on));
  map.showSource(on ? position : null);
  if (!on) map.fitPhoto(DATA.photos[map.selected]);
}

// Keeps the photograph in the address, so that a page can be opened on it: page.html#7
function replaceHash(hash) {
  try {
    history.replaceState(null, "", hash);
  } catch {
    // A page inside a sandbox may not touch its address; nothing else depends on it.
  }
}

function numberInHash() {
  const number = Number(location.hash.slice(1));
  return Number.isInteger(number) && number >= 1 && number <= DATA.photos.length ? number - 1 : null;
}

// On paper there is no scrolling: all that is filtered is printed as one table under the map.
function fillPrintTable() {
  const most = 2000;
  const rows = list.shown.slice(0, most).map((index) => {
    const photo = DATA.photos[index];
    const [best] = photo.hypotheses;
    const cells = [
      photo.path,
      best ? pairText(best.longitude, best.latitude) : photo.status,
      best ? lengthText(best.radius_m) : "",
      best ? shareText(best.probability) : "",
      photo.error_m == null ? "" : lengthText(photo.error_m),
      photo.evidence.map((item) => item.sentence).join(" "),
    ];
    return el("tr", {}, cells.map((text) => el("td", {}, text)));
  });
  const heads = ["Photo", "Position", `${shareText(DATA.confidence)} radius`, "Prob.", "Error", "Why"];
  const cut = list.shown.length - rows.length;
  document.getElementById("print").replaceChildren(
    el("table", {},
      el("thead", {}, el("tr", {}, heads.map((text) => el("th", {}, text)))),
      el("tbody", {}, rows)),
    cut > 0 ? el("p", {}, `${cut.toLocaleString("en")} more are not printed; filter the list first.`) : "",
  );
}

function start() {
  const onSelect = (index) => select(index);
  if (onPhone()) document.querySelector(".legend").open = false;
  map = new PhotoMap(document.getElementById("canvas"), DATA.photos, {
    land: DATA.land,
    places: DATA.places,
    onSelect,
  });
  list = new PhotoList(DATA.photos, {
    onSelect: (index) => select(index, { focus: true }),
    onFilter: (shown) => map.show(shown),
  });
  const middle = () => [(map.view.width - map.view.insetRight) / 2, map.view.height / 2];
  document.getElementById("closer").addEventListener("click", () => map.view.zoomAt(...middle(), 2));
  document.getElementById("farther").addEventListener("click", () => map.view.zoomAt(...middle(), 0.5));
  document.getElementById("all").addEventListener("click", () => map.fitAll());
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !panel.hidden) closePanel({ focus: true });
    if (event.key === "/" && !/^(INPUT|SELECT)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      document.getElementById("search").focus();
    }
  });
  const repaint = () => {
    map.drawing.readTheme();
    map.paint();
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  matchMedia("print").addEventListener("change", repaint);
  window.addEventListener("beforeprint", () => {
    fillPrintTable();
    repaint();
  });
  window.addEventListener("afterprint", repaint);
  window.addEventListener("hashchange", () => select(numberInHash()));
  map.fitAll(false);
  const wanted = numberInHash();
  if (wanted != null) select(wanted, { animate: false });
  document.documentElement.classList.add("ready");
}

start();
