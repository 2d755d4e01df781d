import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import './styles/tokens.css';
import './styles/base.css';
import { mount } from 'svelte';
import Root from './ui/Root.svelte';
import { engineKind } from './engine/open';
import { App } from './state/app.svelte';

const app = new App(engineKind(location.search));

mount(Root, { target: document.getElementById('app')!, props: { app } });
void app.start(location.hash);
window.addEventListener('hashchange', () => void app.go(location.hash));
window.addEventListener('pagehide', () => app.session.disconnect());
// Back from the browser's memory of pages: the engine was given back when the page was left.
window.addEventListener('pageshow', (event) => event.persisted && void app.restart());
