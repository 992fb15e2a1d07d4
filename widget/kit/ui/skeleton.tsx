import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n";

/** Grey lines while something is read; nothing in the first 150 ms, so that fast answers do not flash. */
export function Skeleton({ lines = 4 }: { lines?: number }): JSX.Element {
	const [late, setLate] = useState(false);
	useEffect(() => {
		const timer = setTimeout(() => setLate(true), 150);
		return () => clearTimeout(timer);
	}, []);
	return (
		<div class="skeleton" role="status" aria-label={t("ui.loading")}>
			{late && Array.from({ length: lines }, (_, n) => <i key={n} />)}
		</div>
	);
}
