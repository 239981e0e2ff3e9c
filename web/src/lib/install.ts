import { observable } from "./observable";

/** A browser that can put the app on the home screen says so before anybody asks; not all do. */
interface Offer extends Event {
  prompt(): Promise<unknown>;
}

/** Puts the app on the home screen; null where the browser did not offer it, or it stands there already. */
export const install = observable<(() => void) | null>(null);

export function watchInstall(): void {
  addEventListener("beforeinstallprompt", (event) => {
    // Otherwise some browsers cover the page with a bar of their own while somebody reports.
    event.preventDefault();
    install.set(() => {
      install.set(null);
      void (event as Offer).prompt();
    });
  });
  addEventListener("appinstalled", () => install.set(null));
}
