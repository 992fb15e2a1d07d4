import type { ButtonHTMLAttributes, ComponentChildren, JSX } from "preact";
import { Icon, type IconName } from "./icons";

type Base = Omit<ButtonHTMLAttributes, "icon" | "class"> & {
	/** Why it cannot be pressed; it stays focusable and says so. */
	off?: string | false;
	class?: string;
};
export type ButtonProps = Base & {
	look?: "main" | "plain" | "quiet" | "stop";
	icon?: IconName;
	busy?: boolean;
	children: ComponentChildren;
};

/** A button with words. One `main` per screen. */
export function Button({ look = "plain", icon, busy, off, children, class: more, ...rest }: ButtonProps): JSX.Element {
	return (
		<button
			type="button"
			{...rest}
			{...shut(off || (busy ? " " : false))}
			aria-busy={busy || undefined}
			class={`btn ${look} ${more ?? ""}`}
		>
			{icon && <Icon name={icon} />}
			<span>{children}</span>
		</button>
	);
}

/** A button that is only a picture: its label is its name and its tooltip. */
export function IconButton({
	icon,
	label,
	off,
	class: more,
	...rest
}: Base & { icon: IconName; label: string }): JSX.Element {
	return (
		<button
			type="button"
			title={label}
			{...rest}
			{...shut(off)}
			aria-label={label}
			class={`btn icon-btn ${more ?? ""}`}
		>
			<Icon name={icon} />
		</button>
	);
}
function shut(off: string | false | undefined): ButtonHTMLAttributes {
	if (!off) return {};
	const stop = (e: Event) => {
		e.preventDefault();
		e.stopPropagation();
	};
	return { "aria-disabled": true, onClick: stop, ...(off.trim() ? { title: off } : {}) };
}
