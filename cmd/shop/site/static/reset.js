// The mailed link has its token behind the #. It goes into the form and out of the address bar, the history and
// whatever else could keep the address.
"use strict";
(() => {
	const token = location.hash.slice(1);
	if (!token) return;
	history.replaceState(null, "", location.pathname);
	document.querySelector("input[name=t]").value = token;
})();
