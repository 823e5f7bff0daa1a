// The address holds the state: #network?data=xor&layers=3-2. Each room remembers its own part.

const PAUSE = 250; // milliseconds: browsers refuse an address that changes with every move of a slider
const kept = {};
let pending; // a change that waits to be written,
let settle; // and what writes it
let leaving = false;

/** The room and its parameters that the address names. */
export function read(rooms) {
  const [room, query] = location.hash.slice(1).split(/\?(.*)/s);
  const known = rooms.includes(room) ? room : rooms[0];
  return { room: known, given: new URLSearchParams(room === known ? query : "") };
}

/** Put a room's parameters into the address, in a moment; undefined ones are left out. Gives the
 * whole address. */
export function write(room, parameters, language) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null) query.set(name, value);
  }
  if (language) query.set("lang", language);
  const text = query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  const hash = text ? `#${room}?${text}` : `#${room}`;
  kept[room] = hash;
  document.querySelector(`nav [data-room=${room}]`).setAttribute("href", hash);
  if (room === shown) {
    clearTimeout(pending);
    settle = () => history.replaceState(null, "", hash);
    if (leaving && hash !== location.hash) history.pushState(null, "", hash);
    else pending = setTimeout(settle, PAUSE);
    leaving = false;
  }
  return new URL(hash, location.href).href;
}

/** Keep the present address in the history: the next one written is a new entry. */
export function leaveBehind() {
  if (pending) settle();
  clearTimeout(pending);
  pending = undefined;
  leaving = true;
}

let shown;

/** Only the room that is shown writes the address. */
export function show(room) {
  clearTimeout(pending); // of a state that the address has left
  pending = undefined;
  leaving = false;
  shown = room;
}
