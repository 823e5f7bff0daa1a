// The address holds the state: #network?data=xor&layers=3-2. Each room remembers its own part.

const PAUSE = 250; // milliseconds: browsers refuse an address that changes with every move of a slider
const kept = {};
let pending;

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
  clearTimeout(pending);
  if (shown === room) pending = setTimeout(() => history.replaceState(null, "", hash), PAUSE);
  return new URL(hash, location.href).href;
}

let shown;

/** Only the room that is shown writes the address. */
export function show(room) {
  if (room !== shown) clearTimeout(pending);
  shown = room;
}
