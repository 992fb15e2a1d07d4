/**
 * Keeps the focus inside root when a drawing takes away what had it. It goes to the place marked data-first, for
 * who came by pointer (a text field would call the keyboard of a phone) and where there is none to the nearest
 * box that is still there: nobody who uses keys stands nowhere.
 */
export function keepFocus(root: HTMLElement): void {
	let path: HTMLElement[] = [];
	let keys = false;
	root.addEventListener("focusin", (e) => {
		path = [];
		keys = (e.target as HTMLElement).matches(":focus-visible");
		for (let x = e.target as HTMLElement | null; x && x !== root.parentElement; x = x.parentElement) path.push(x);
	});
	root.addEventListener("focusout", (e) => {
		// Taken away or left? What was taken away is gone when this drawing is done.
		queueMicrotask(() => {
			if (e.target === path[0] && path[0]?.isConnected && document.hasFocus()) path = [];
		});
	});
	new MutationObserver(() => {
		if (!path[0] || path[0].isConnected || document.activeElement !== document.body) return;
		const first = keys && root.querySelector<HTMLElement>("[data-first]");
		const to = first || path.find((x) => x.isConnected);
		if (!to) return;
		if (to.tabIndex < 0) to.tabIndex = -1;
		to.focus({ preventScroll: true });
	}).observe(root, { childList: true, subtree: true });
}
