// The address holds the state: #network?data=xor&layers=3-2. Each room remembers its own part.

const kept = {};

/** The room and its parameters that the address names. */
export function read(rooms) {
  const [room, query] = location.hash.slice(1).split(/\?(.*)/s);
  const known = rooms.includes(room) ? room : rooms[0];
  return { room: known, given: new URLSearchParams(room === known ? query : "") };
}

/** Put a room's parameters into the address; undefined ones are left out. */
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
  if (read([room]).room === room && shown === room) history.replaceState(null, "", hash);
  return new URL(hash, location.href).href;
}

let shown;
export const show = (room) => void (shown = room);
