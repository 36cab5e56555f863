// The deck: one slide at a time, its steps, the live page, overview, timer, notes in a second window.
"use strict";
(() => {
  const sheets = [...document.querySelectorAll(".sheet")], root = document.documentElement, body = document.body;
  const query = new URLSearchParams(location.search), isNotes = query.has("notes");
  const page = JSON.parse(document.getElementById("page").textContent);
  const timer = document.getElementById("timer"), help = document.getElementById("help");
  let now = 0, step = 0, other = null, started = 0, ticking = 0;

  const isPrint = ["handout", "notes"].includes(query.get("print"));
  if (isPrint) root.dataset.print = query.get("print");

  // --- slides and their steps; the live page is the last step ---
  function stepsOf(sheet) {
    const at = [...sheet.querySelectorAll(".step")].map(each => Number(each.dataset.at));
    const films = [...sheet.querySelectorAll(".film")].map(each => Number(each.dataset.last));
    return Math.max(0, ...at, ...films);
  }
  const isLiveSlide = sheet => page !== null && sheet.querySelector(".slide").dataset.live !== undefined;
  const lastStep = sheet => stepsOf(sheet) + (isLiveSlide(sheet) ? 1 : 0);

  function show(place, at, isTold = false) {
    const before = sheets[now];
    now = Math.max(0, Math.min(sheets.length - 1, place));
    const sheet = sheets[now];
    step = Math.max(0, Math.min(lastStep(sheet), at));
    if (before !== sheet) before.classList.remove("now", "is-live");
    sheet.classList.add("now");
    sheet.querySelectorAll(".step").forEach(each => each.classList.toggle("seen", Number(each.dataset.at) <= step));
    sheet.querySelectorAll(".film").forEach(film => {
      const seen = Math.min(step, Number(film.dataset.last));
      film.querySelectorAll(":scope > .scene").forEach(each => each.classList.toggle("seen", Number(each.dataset.at) === seen));
    });
    const isLive = isLiveSlide(sheet) && step > stepsOf(sheet) && !isNotes;
    sheet.classList.toggle("is-live", isLive);
    const button = sheet.querySelector(".go-live");
    if (button) button.textContent = isLive ? "Back (Esc)" : "Live (L)";
    if (isLiveSlide(sheet) && !isNotes && !isPrint) mount(sheet);
    if (before !== sheet) window.scrollTo(0, 0);
    const hash = `#${now + 1}`;
    if (location.hash !== hash) history.replaceState(null, "", hash);
    document.title = `${now + 1}. ${sheet.querySelector("h1").textContent}`;
    if (!isTold) tell();
  }
  function next() { if (isOverview()) select(now + 1); else if (step < lastStep(sheets[now])) show(now, step + 1); else if (now < sheets.length - 1) show(now + 1, 0); }
  function back() { if (isOverview()) select(now - 1); else if (step > 0) show(now, step - 1); else if (now > 0) show(now - 1, lastStep(sheets[now - 1])); }
  function toggleLive() {
    const sheet = sheets[now];
    if (isLiveSlide(sheet)) show(now, sheet.classList.contains("is-live") ? stepsOf(sheet) : lastStep(sheet));
  }

  // --- the page of the run, in a frame of its own; made when its slide is first shown ---
  function mount(sheet) {
    const slide = sheet.querySelector(".slide");
    if (slide.querySelector("iframe")) return;
    const frame = document.createElement("iframe");
    frame.className = "live-frame";
    frame.title = "Inside the network, live";
    frame.srcdoc = page.replace("<html lang=\"en\">", `<html lang="en" data-state="${slide.dataset.live}">`);
    frame.addEventListener("load", () => {
      frame.contentDocument.addEventListener("keydown", event => {
        if (event.key !== "Escape") return;
        frame.blur();
        window.focus();
        show(now, stepsOf(sheets[now]));
      });
    });
    slide.append(frame);
  }

  // --- overview ---
  function overview(isOn) {
    body.classList.toggle("overview", isOn);
    if (isOn) sheets[now].scrollIntoView({ block: "center" });
    else window.scrollTo(0, 0);
  }
  function select(place) { show(place, 0); sheets[now].scrollIntoView({ block: "center" }); }
  const isOverview = () => body.classList.contains("overview");

  // --- the timer, and the count-down of a slide ---
  const clock = seconds => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  function tick() {
    timer.textContent = clock(Math.floor((Date.now() - started) / 1000));
  }
  function toggleTimer() {
    if (ticking) clearInterval(ticking);
    ticking = ticking ? 0 : setInterval(tick, 500);
    if (ticking) { started = Date.now(); tick(); }
    timer.hidden = !ticking;
    tell();
  }
  document.querySelectorAll(".countdown").forEach(button => {
    const minutes = Number(button.dataset.minutes), face = button.querySelector("span"), small = button.querySelector("small");
    let running = 0;
    button.addEventListener("click", () => {
      clearInterval(running);
      const end = Date.now() + 60000 * minutes;
      const update = () => {
        const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
        face.textContent = clock(left);
        small.textContent = left ? "press: begin again" : "time is over";
        if (!left) clearInterval(running);
      };
      running = setInterval(update, 250);
      update();
    });
  });

  // --- the numbers of another part of the image: press it ---
  document.querySelectorAll(".beside:has(.pixels)").forEach(figure => {
    const image = figure.querySelector("img"), frame = figure.querySelector(".frame"), cells = [...figure.querySelectorAll(".pixels i")];
    const side = Math.round(Math.sqrt(cells.length));
    figure.querySelector(".under").addEventListener("click", event => {
      const wide = image.naturalWidth, high = image.naturalHeight, box = image.getBoundingClientRect();
      const canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
      canvas.width = wide;
      canvas.height = high;
      pen.drawImage(image, 0, 0);
      const corner = (at, whole) => Math.max(0, Math.min(whole - side, Math.floor(at * whole - side / 2)));
      const left = corner((event.clientX - box.left) / box.width, wide), top = corner((event.clientY - box.top) / box.height, high);
      const bytes = pen.getImageData(left, top, side, side).data;
      cells.forEach((cell, place) => {
        const level = bytes[4 * place];
        cell.textContent = level;
        cell.style.background = `rgb(${level},${level},${level})`;
        cell.style.color = level > 127 ? "#000" : "#fff";
      });
      frame.style.left = `${100 * left / wide}%`;
      frame.style.top = `${100 * top / high}%`;
    });
  });

  // --- the notes window: the same file; the two windows tell each other where they are ---
  function openNotes() {
    const address = new URL(location.href);
    address.search = "?notes";
    other = window.open(address.href, "cnnlab-notes", "width=1100,height=760");
  }
  function tell() {
    const to = isNotes ? window.opener : other;
    if (to && !to.closed) to.postMessage({ cnnlab: "slide", slide: now, step, started: ticking ? started : 0 }, "*");
  }
  window.addEventListener("message", event => {
    const expected = isNotes ? window.opener : other, data = event.data;
    if (!expected || event.source !== expected || !data) return;
    if (data.cnnlab === "ready") tell();
    if (data.cnnlab !== "slide" || !Number.isInteger(data.slide) || !Number.isInteger(data.step)) return;
    show(data.slide, data.step, true);
    if (isNotes && Number.isFinite(data.started)) {
      clearInterval(ticking);
      started = data.started;
      ticking = started ? setInterval(tick, 500) : 0;
      timer.hidden = !started;
      if (started) tick();
    }
  });

  // --- keys, clicks, fingers ---
  const keys = {
    ArrowRight: next, ArrowDown: next, PageDown: next, " ": next, ArrowLeft: back, ArrowUp: back, PageUp: back,
    Home: () => show(0, 0), End: () => show(sheets.length - 1, 0), o: () => overview(!isOverview()), l: toggleLive,
    n: () => { if (!isNotes) openNotes(); }, t: toggleTimer, "?": () => help.showModal(),
    f: () => (document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen()),
    Escape: () => { if (isOverview()) overview(false); else if (sheets[now].classList.contains("is-live")) toggleLive(); },
    Enter: () => { if (isOverview()) overview(false); else next(); },
  };
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    if (event.target.closest("button, summary") && (event.key === " " || event.key === "Enter")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (!Object.prototype.hasOwnProperty.call(keys, key)) return;
    event.preventDefault();
    keys[key]();
  });
  sheets.forEach((sheet, place) => sheet.addEventListener("click", event => {
    if (isOverview()) { overview(false); show(place, 0); return; }
    if (event.target.closest(".go-live")) toggleLive();
  }));
  let touch = null;
  document.addEventListener("touchstart", event => { touch = event.touches.length === 1 ? event.touches[0] : null; }, { passive: true });
  document.addEventListener("touchend", event => {
    if (!touch || isOverview()) return;
    const end = event.changedTouches[0], right = end.clientX - touch.clientX, down = end.clientY - touch.clientY;
    touch = null;
    if (Math.abs(right) < 50 || Math.abs(right) < 2 * Math.abs(down)) return;
    if (right < 0) next(); else back();
  }, { passive: true });
  window.addEventListener("hashchange", () => show(place(), 0));
  const place = () => (/^#\d{1,3}$/.test(location.hash) ? Number(location.hash.slice(1)) - 1 : 0);

  if (isNotes) body.classList.add("presenter");
  show(place(), 0);
  if (isNotes && window.opener) window.opener.postMessage({ cnnlab: "ready" }, "*");
})();
