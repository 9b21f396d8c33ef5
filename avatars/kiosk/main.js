import { Kiosk } from './kiosk.js';
import { Settings } from './settings.js';
import { inspect } from './inspect.js';
import { stayAwake } from './awake.js';

const kiosk = new Kiosk(new Settings(location, sessionStorage, history));

/** Read only: nothing of the page can be changed by it. */
Object.defineProperty(window, 'visavis', {
  value: Object.freeze({ state: () => inspect(kiosk), trace: () => kiosk.trace?.rows ?? [] }),
});

/** What goes wrong without being caught is the operator's to know. */
window.addEventListener('error', ({ message }) => kiosk.troubles.log('error', message));
window.addEventListener('unhandledrejection', ({ reason }) => kiosk.troubles.log('error', String(reason?.message ?? reason)));

kiosk.start();
stayAwake();
