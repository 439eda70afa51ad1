// Everything about one photograph: the answer, the reasons, the other hypotheses.
function detailOf(photo, actions) {
  return [
    el("header", {},
      thumbnail(photo, `Photograph ${baseName(photo.path)}`),
      el("div", {},
        el("h2", { id: "detail-title", tabindex: "-1" }, el("bdi", {}, baseName(photo.path))),
        folderName(photo.path) ? el("p", { class: "folder" }, el("bdi", {}, folderName(photo.path))) : null),
      el("button", { type: "button", class: "close", "aria-label": "Close", onclick: actions.close }, cross())),
    ...answerOf(photo),
    ...(photo.problems.length ? [el("ul", { class: "problems" }, photo.problems.map((text) => el("li", {}, text)))] : []),
    ...(photo.evidence.length ? evidenceOf(photo, actions) : []),
    ...(photo.hypotheses.length ? hypothesesOf(photo, actions) : []),
  ];
}

const cross = () =>
  el("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, el("path", { d: "M3 3l10 10M13 3L3 13" }));

function answerOf(photo) {
  const [best] = photo.hypotheses;
  if (!best) return [el("p", { class: "status large" }, el("bdi", {}, photo.status))];
  const rows = [
    [`${shareText(DATA.confidence)} radius`, lengthText(best.radius_m)],
    ["If this one is right", `${shareText(DATA.confidence)} within ${lengthText(best.own_radius_m)}`],
    ["Probability", shareText(best.probability)],
  ];
  if (photo.truth) rows.push(["Truth", positionText(...photo.truth, 5)], ["Error", errorText(photo)]);
  return [
    el("p", { class: "answer" }, positionText(best.longitude, best.latitude, best.own_radius_m)),
    photo.near ? el("p", { class: "near" }, photo.near) : null,
    el("dl", { class: "facts" }, rows.flatMap(([term, value]) => [el("dt", {}, term), el("dd", {}, value)])),
  ].filter(Boolean);
}

function errorText(photo) {
  const inside = photo.error_m <= photo.hypotheses[0].radius_m;
  return `${lengthText(photo.error_m)}, ${inside ? "inside" : "outside"} the radius`;
}

function evidenceOf(photo, actions) {
  const most = Math.max(...photo.evidence.map((item) => Math.abs(item.bits)), 1);
  return [
    el("h3", {}, "Why here"),
    el("ul", { class: "evidence" }, photo.evidence.map((item, position) => {
      const bar = el("span", { class: "bar", "aria-hidden": "true" }, el("span", {}));
      bar.firstChild.style.width = `${(100 * Math.max(item.bits, 0)) / most}%`;
      const moved = item.moved_m == null
        ? "nothing would remain without it"
        : item.moved_m < 0.05 ? "the answer would stay where it is without it" : `moved the answer by ${lengthText(item.moved_m)}`;
      const button = item.patches.length
        ? el("button", { type: "button", class: "quiet", "aria-pressed": "false", onclick: (event) => actions.source(position, event.currentTarget) }, "on the map")
        : null;
      return el("li", {},
        el("p", {}, el("span", { class: "source" }, item.source), button),
        el("p", { class: "sentence" }, item.sentence),
        el("p", { class: "contribution" }, bar, `${item.bits.toFixed(1)} bits, ${moved}`));
    })),
  ];
}

function hypothesesOf(photo, actions) {
  const heads = ["", "Prob.", "Latitude, longitude", "Radius", ""];
  return [
    el("h3", {}, "Hypotheses"),
    el("table", { class: "hypotheses" },
      el("thead", {}, el("tr", {}, heads.map((text, i) => el("th", { scope: "col" }, text || el("span", { class: "off-screen" }, i ? "Links" : "Rank"))))),
      el("tbody", {}, photo.hypotheses.map((hypothesis, rank) => {
        const { longitude, latitude } = hypothesis;
        const text = pairText(longitude, latitude);
        return el("tr", {},
          el("td", {}, el("button", { type: "button", class: `rank${rank ? "" : " first"}`, "aria-label": `Show hypothesis ${rank + 1} on the map`, onclick: () => actions.hypothesis(hypothesis) }, String(rank + 1))),
          el("td", { class: "number" }, shareText(hypothesis.probability)),
          el("td", {}, el("code", {}, text)),
          el("td", { class: "number" }, lengthText(hypothesis.own_radius_m)),
          el("td", { class: "links" },
            el("button", { type: "button", class: "quiet", "aria-label": `Copy ${text}`, onclick: (event) => copyAndSay(event.currentTarget, text) }, "Copy"),
            el("a", { href: openStreetMap(longitude, latitude, hypothesis.own_radius_m), target: "_blank", rel: "noopener noreferrer", "aria-label": `Hypothesis ${rank + 1} on OpenStreetMap, opens a web page` }, "OSM")));
      }))),
    el("p", { class: "note" }, `Radius: ${shareText(DATA.confidence)}, if that hypothesis is the right one. OSM opens openstreetmap.org. Bits: what a source alone tells over knowing nothing.`),
  ];
}

async function copyAndSay(button, text) {
  await copyText(text);
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
}
