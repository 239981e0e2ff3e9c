import { render } from "preact";
import { App } from "./ui/App";
import { loadCity } from "./lib/city";
import { language } from "./lib/i18n";
import { watchInstall } from "./lib/install";
import { BASE } from "./lib/router";
import { startSending } from "./lib/sending";
import "./style.css";

const root = document.getElementById("app");
if (root) {
  root.textContent = "";
  render(<App />, root);
}

const speak = (): void => {
  document.documentElement.lang = language.value;
  void loadCity();
};
language.subscribe(speak);
speak();
startSending();
watchInstall();

if ("serviceWorker" in navigator && import.meta.env.PROD) {
  addEventListener("load", () => void navigator.serviceWorker.register(`${BASE}/sw.js`).catch(() => undefined));
}
