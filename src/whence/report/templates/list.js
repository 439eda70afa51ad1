// The list of photographs: search, filters, order, and pages of it, so that thousands stay quick.
const PAGE_SIZE = 100;

const ORDERS = {
  given: () => 0,
  name: (a, b) => a.path.localeCompare(b.path, undefined, { numeric: true }),
  error: (a, b) => (b.error_m ?? -1) - (a.error_m ?? -1),
  radius: (a, b) => (a.hypotheses[0]?.radius_m ?? Infinity) - (b.hypotheses[0]?.radius_m ?? Infinity),
  probability: (a, b) => (b.hypotheses[0]?.probability ?? -1) - (a.hypotheses[0]?.probability ?? -1),
};

class PhotoList {
  constructor(photos, { onSelect, onFilter }) {
    this.photos = photos;
    this.onSelect = onSelect;
    this.onFilter = onFilter;
    this.selected = null;
    this.page = 0;
    this.form = document.getElementById("filters");
    this.items = document.getElementById("photos");
    this.texts = photos.map((photo) =>
      [photo.path, photo.status, photo.near ?? "", ...photo.evidence.map((item) => `${item.source} ${item.sentence}`)]
        .join("\n")
        .toLocaleLowerCase(),
    );
    this.form.addEventListener("input", () => this.filter());
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.items.addEventListener("keydown", (event) => this.key(event));
    document.getElementById("earlier").addEventListener("click", () => this.turn(-1));
    document.getElementById("later").addEventListener("click", () => this.turn(1));
    this.filter();
  }

  filter() {
    const values = new FormData(this.form);
    const words = values.get("search").toLocaleLowerCase().split(/\s+/).filter(Boolean);
    const state = values.get("state");
    const least = Number(values.get("error") ?? 0);
    this.shown = this.photos
      .map((_, index) => index)
      .filter((index) => {
        const photo = this.photos[index];
        if (state === "located" && !photo.hypotheses.length) return false;
        if (state === "lost" && photo.hypotheses.length) return false;
        if (least && !(photo.error_m > least)) return false;
        return words.every((word) => this.texts[index].includes(word));
      });
    const order = ORDERS[values.get("order")];
    this.shown.sort((a, b) => order(this.photos[a], this.photos[b]) || a - b);
    this.page = 0;
    this.render();
    this.onFilter(this.shown);
  }

  turn(by) {
    this.page += by;
    this.render();
    this.items.parentElement.scrollTop = 0;
    this.items.querySelector("button")?.focus();
  }

  render() {
    const start = this.page * PAGE_SIZE;
    const part = this.shown.slice(start, start + PAGE_SIZE);
    this.items.replaceChildren(...part.map((index) => this.item(index)));
    this.items.setAttribute("start", String(start + 1));
    const total = this.photos.length;
    const count = this.shown.length;
    document.getElementById("count").textContent = count === total
      ? `${total.toLocaleString("en")} ${total === 1 ? "photo" : "photos"}`
      : `${count.toLocaleString("en")} of ${total.toLocaleString("en")} photos`;
    const pager = document.getElementById("pager");
    pager.hidden = count <= PAGE_SIZE;
    document.getElementById("earlier").disabled = this.page === 0;
    document.getElementById("later").disabled = start + PAGE_SIZE >= count;
    document.getElementById("range").textContent = `${start + 1}–${start + part.length} of ${count.toLocaleString("en")}`;
    document.getElementById("nothing").hidden = count > 0;
  }

  item(index) {
    const photo = this.photos[index];
    const [best] = photo.hypotheses;
    const place = best
      ? el("span", { class: "pair" },
          el("span", { class: "where" }, photo.near ?? positionText(best.longitude, best.latitude, best.own_radius_m)),
          el("span", {}, shareText(best.probability)))
      : el("span", { class: "status" }, el("bdi", {}, photo.status));
    const facts = best
      ? el("span", { class: "pair" },
          el("span", {}, `${shareText(DATA.confidence)} within ${lengthText(best.radius_m)}`),
          photo.error_m == null ? null : el("span", { class: "error" }, `${lengthText(photo.error_m)} off`))
      : null;
    const current = index === this.selected ? "true" : null;
    return el("li", {},
      el("button", { type: "button", class: "photo", "data-index": index, "aria-current": current, onclick: () => this.onSelect(index) },
        thumbnail(photo, ""),
        el("span", { class: "words" },
          el("span", { class: "name", title: photo.path }, el("bdi", {}, baseName(photo.path))),
          place, facts)));
  }

  select(index) {
    this.selected = index;
    const position = index == null ? -1 : this.shown.indexOf(index);
    if (position >= 0 && Math.floor(position / PAGE_SIZE) !== this.page) {
      this.page = Math.floor(position / PAGE_SIZE);
      this.render();
    }
    for (const button of this.items.querySelectorAll("button")) {
      const current = Number(button.dataset.index) === index;
      if (current) {
        button.setAttribute("aria-current", "true");
        button.scrollIntoView({ block: "nearest" });
      } else button.removeAttribute("aria-current");
    }
  }

  focusSelected() {
    (this.items.querySelector("[aria-current]") ?? this.items.querySelector("button"))?.focus();
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const buttons = [...this.items.querySelectorAll("button")];
    buttons[buttons.indexOf(document.activeElement) + step]?.focus();
  }
}

function thumbnail(photo, alternative) {
  return photo.thumbnail
    ? el("img", { class: "thumbnail", src: `data:image/jpeg;base64,${photo.thumbnail}`, alt: alternative, loading: "lazy" })
    : el("span", { class: "thumbnail none", "aria-hidden": "true" });
}
