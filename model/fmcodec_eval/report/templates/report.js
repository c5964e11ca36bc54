// a link to a folded section opens it
function open_target() {
  const target = document.getElementById(location.hash.slice(1));
  if (target && target.tagName === "DETAILS") target.open = true;
}
addEventListener("hashchange", open_target);
open_target();

// a cell's number; words sort as words, and what is not known comes last either way
function value_of(cell) {
  const text = cell.textContent.trim();
  if (text === "" || text === "–") return null;
  const number = text.replace(/[,\s%µ]/g, "").match(/^[+-]?\d+(\.\d+)?(e[+-]?\d+)?(?=$|of|x)/i);
  return number && !cell.classList.contains("text") ? parseFloat(number[0]) : text;
}

function compare(one, two) {
  if (typeof one === "number" && typeof two === "number") return one - two;
  return String(one).localeCompare(String(two), undefined, { numeric: true });
}

function sort_by(head) {
  const table = head.closest("table"), body = table.tBodies[0], place = head.cellIndex;
  const rows = [...body.rows].map(row => [value_of(row.cells[place]), row]);
  const known = rows.filter(([value]) => value !== null);
  const numbers = known.every(([value]) => typeof value === "number");
  const before = head.getAttribute("aria-sort");
  // figures from the largest down, words from A
  const turn = before ? (before === "ascending" ? -1 : 1) : numbers && place > 0 ? -1 : 1;
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", turn > 0 ? "ascending" : "descending");
  known.sort((a, b) => turn * compare(a[0], b[0]));
  body.append(...known.map(([, row]) => row), ...rows.filter(([v]) => v === null).map(([, row]) => row));
}

document.addEventListener("click", event => {
  const head = event.target.closest("th");
  if (head) sort_by(head);
});

for (const input of document.querySelectorAll(".filter input")) {
  const label = input.closest(".filter"), body = label.nextElementSibling.querySelector("tbody");
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/);
    let shown = 0;
    for (const row of body.rows) {
      const text = [...row.cells].map(cell => cell.textContent).join(" ").toLowerCase();
      row.hidden = !words.every(word => text.includes(word));
      shown += !row.hidden;
    }
    label.querySelector("output").textContent = `${shown} of ${body.rows.length} rows`;
  });
}

// tips: what is under the pointer or the finger, a line for each part
const tip = document.getElementById("tip");
for (const title of document.querySelectorAll("[data-tip] > title")) title.remove();
function show_tip(event) {
  const part = event.target.closest("[data-tip]");
  tip.hidden = !part;
  if (!part) return;
  tip.textContent = part.dataset.tip.replaceAll(" · ", "\n");
  const { width, height } = tip.getBoundingClientRect();
  const left = Math.min(event.clientX + 14, innerWidth - width - 6);
  const below = event.clientY + 16, above = event.clientY - height - 10;
  tip.style.left = `${Math.max(left, 4)}px`;
  tip.style.top = `${below + height > innerHeight ? Math.max(above, 4) : below}px`;
}
for (const name of ["pointermove", "pointerdown"]) document.addEventListener(name, show_tip);
addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });
