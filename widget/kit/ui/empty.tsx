import type { ComponentChildren, JSX } from "preact";
import { Icon, type IconName } from "./icons";

/** What will appear here and how to start. */
export function Empty({
	icon,
	title,
	children,
}: {
	icon: IconName;
	title: string;
	children?: ComponentChildren;
}): JSX.Element {
	return (
		<div class="empty">
			<Icon name={icon} />
			<p class="title">{title}</p>
			{children && <div class="quiet-text">{children}</div>}
		</div>
	);
}
