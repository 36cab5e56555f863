// What the page shows, in its address: it can be sent to somebody. Checked when it is read.

const TABS = ["see", "draw", "why", "kernels", "mistakes", "training"];

// Each field: how it is read from text (undefined: out of range), and how it is written.
function fields(limits) {
  const whole = (text, below) => (/^\d{1,6}$/.test(text) && Number(text) < below ? Number(text) : undefined);
  return {
    tab: { read: text => (TABS.includes(text) ? text : undefined), write: value => value },
    picture: { read: text => whole(text, limits.pictures), write: String },
    at: {
      read: text => {
        const found = /^(\w{1,40})\.(\d{1,5})\.(\d{1,4})\.(\d{1,4})$/.exec(text);
        if (!found) return undefined;
        const size = limits.stages[found[1]], pixel = found.slice(2).map(each => Number(each) - 1);
        const isThere = size && pixel.every((each, axis) => each >= 0 && each < size[axis]);
        return isThere ? { stage: found[1], pixel } : undefined;
      },
      write: ({ stage, pixel }) => [stage, ...pixel.map(each => each + 1)].join("."),
    },
    scale: { read: text => (["stage", "map", "network"].includes(text) ? text : undefined), write: value => value },
    projector: { read: text => (text === "1" ? true : undefined), write: () => "1" },
  };
}

// Returns the state of an address, and the names of the fields that were not understood.
export function readState(hash, limits) {
  const known = fields(limits), state = {}, wrong = [];
  for (const pair of hash.replace(/^#/, "").split("&")) {
    const [name, text = ""] = pair.split("=", 2);
    if (!Object.prototype.hasOwnProperty.call(known, name)) continue;
    const value = known[name].read(text);
    if (value === undefined) wrong.push(name);
    else state[name] = value;
  }
  return { state, wrong };
}

// Safari allows 100 changes of the address in 30 seconds: write at most two a second.
export function addressWriter(limits) {
  const known = fields(limits);
  let timer = 0;
  return state => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const pairs = Object.keys(known).filter(name => state[name] !== undefined && state[name] !== false);
      const hash = "#" + pairs.map(name => `${name}=${known[name].write(state[name])}`).join("&");
      try {
        history.replaceState(null, "", hash);
      } catch (error) {
        // A page inside another one may have no address of its own: it works without.
      }
    }, 500);
  };
}

export function tabs() {
  return TABS;
}
