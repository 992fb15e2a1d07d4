import type { ComponentChildren, JSX } from "preact";
import { Icon, type IconName } from "./icons";

export type Tone = "plain" | "ok" | "wait" | "stop" | "accent";
/** A word with a colour; never a colour alone. */
export function Badge({
	tone = "plain",
	icon,
	fill,
	children,
	title,
}: {
	tone?: Tone;
	icon?: IconName;
	fill?: boolean;
	children: ComponentChildren;
	title?: string;
}): JSX.Element {
	return (
		<span class={`badge ${tone}`} title={title}>
			{icon && <Icon name={icon} fill={fill} />}
			{children}
		</span>
	);
}
/** A number beside a name; nothing when it is 0. */
export function Count({ n, tone = "plain", label }: { n: number; tone?: Tone; label?: string }): JSX.Element | null {
	if (!n) return null;
	return (
		<span class={`count ${tone}`}>
			{n > 99 ? "99+" : n}
			{label && <span class="sr"> {label}</span>}
		</span>
	);
}
