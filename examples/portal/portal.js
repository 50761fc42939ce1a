// The portal's page: a list of servers, a frame for the console, and the messages between them.

const frame = document.querySelector("#console");
const controls = document.querySelectorAll("header button, header input");
let keyhole = null; // Keyhole's origin, known from the link that its API gave

for (const server of await (await fetch("/servers")).json()) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = server.name;
  button.addEventListener("click", () => open(server.id));
  document.querySelector("#servers").append(button);
}

async function open(server) {
  const headers = { "Content-Type": "application/json" };
  const { url } = await (await fetch("/links", { method: "POST", headers, body: JSON.stringify({ server }) })).json();
  keyhole = new URL(url).origin;
  frame.src = url;
}

function command(message) {
  frame.contentWindow.postMessage({ keyhole: 1, ...message }, keyhole);
}

// The page hears nobody before hello, and after it only who said it.
frame.addEventListener("load", () => keyhole && command({ command: "hello" }));

addEventListener("message", ({ source, origin, data }) => {
  if (source !== frame.contentWindow || origin !== keyhole || data?.keyhole !== 1) return;
  if (data.event !== "state") return;
  document.querySelector("#state").textContent = [data.server, data.state, data.reason].filter(Boolean).join(", ");
  for (const control of controls) control.disabled = data.state !== "connected";
});

document.querySelector("#restart").addEventListener("click", () => command({ command: "keys", keys: "Ctrl+Alt+Del" }));
document.querySelector("#typing").addEventListener("submit", (event) => {
  event.preventDefault();
  command({ command: "type", text: document.querySelector("#text").value });
});
