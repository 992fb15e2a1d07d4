import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../kit/i18n";
import { ago, exact } from "../kit/time";
import { Button, Empty, Icon, type IconName, SelectField, Skeleton, words } from "../kit/ui";
import { type Load, may } from "./data";
import { go } from "./guard";

/** Title, one line of what the page is for, and its actions. */
export function Head({
	title,
	hint,
	back,
	children,
}: {
	title: string;
	hint?: string;
	/** The list that this page came from. */
	back?: string;
	children?: ComponentChildren;
}): JSX.Element {
	useEffect(() => {
		document.title = `${title} · Postern`;
	}, [title]);
	return (
		<header class="page-head">
			<div class="grow">
				{back && (
					<a class="back" href={`#/${back}`} onClick={(e) => to(e, back)}>
						<Icon name="back" />
						{t(`a.${back}`)}
					</a>
				)}
				<h1 tabIndex={-1}>
					<bdi>{title}</bdi>
				</h1>
				{hint && <p class="quiet-text">{hint}</p>}
			</div>
			{children && <div class="actions">{children}</div>}
		</header>
	);
}
function to(e: Event, place: string): void {
	e.preventDefault();
	void go(place);
}
/** A page that this role may not open. */
export function NoRight(): JSX.Element {
	return (
		<Empty icon="lock" title={t("a.noright.title")}>
			<p>{t("a.noright.text")}</p>
			<p>
				<a href="/console">{t("a.console")}</a>
			</p>
		</Empty>
	);
}
/** Draws what was read; grey lines after 150 ms, the failure with a way to try again. */
export function Loaded<T>({
	from,
	right,
	children,
}: {
	from: Load<T>;
	right?: string;
	children(data: T): ComponentChildren;
}): JSX.Element {
	if (right && !may(right)) return <NoRight />;
	if (from.data !== undefined) return <>{children(from.data)}</>;
	if (from.error)
		return (
			<Empty icon="warn" title={words(from.error)}>
				<Button onClick={() => void from.reload()}>{t("ui.again")}</Button>
			</Empty>
		);
	return <Skeleton />;
}

export type Column<R> = { id: string; label: string; cell(row: R): ComponentChildren; grow?: boolean };
type Rows<R> = { label: string; columns: Column<R>[]; rows: R[]; id(row: R): string; dim?(row: R): boolean };
/** A table that turns into cards on narrow screens. */
export function Table<R>({ label, columns, rows, id, dim }: Rows<R>): JSX.Element {
	return (
		<table class="table" aria-label={label}>
			<thead>
				<tr>
					{columns.map((c) => (
						<th key={c.id} scope="col" class={`c-${c.id}`}>
							{c.label}
						</th>
					))}
				</tr>
			</thead>
			<tbody>
				{rows.map((r) => (
					<tr key={id(r)} class={dim?.(r) ? "dim" : undefined}>
						{columns.map((c) => (
							<td key={c.id} data-label={c.label} class={`c-${c.id}${c.grow ? " grow-cell" : ""}`}>
								{c.cell(r)}
							</td>
						))}
					</tr>
				))}
			</tbody>
		</table>
	);
}
/** Edit and delete at the end of a row; `what` names the row for whoever cannot see it. */
export function RowActs({ what, onEdit, onDelete }: { what: string; onEdit?(): void; onDelete(): void }): JSX.Element {
	return (
		<span class="acts">
			{onEdit && (
				<Button look="quiet" onClick={onEdit} aria-label={`${t("a.edit")}: ${what}`}>
					{t("a.edit")}
				</Button>
			)}
			<Button look="quiet" onClick={onDelete} aria-label={`${t("a.delete")}: ${what}`}>
				{t("a.delete")}
			</Button>
		</span>
	);
}
/** A list's page while it has nothing yet: what will appear, and how to start. */
export function First({
	icon,
	title,
	text,
	children,
}: {
	icon: IconName;
	title: string;
	text: string;
	children: ComponentChildren;
}): JSX.Element {
	return (
		<Empty icon={icon} title={title}>
			<p>{text}</p>
			{children}
		</Empty>
	);
}
/** Before the first mailbox nothing else can be set up. */
export function NoMailbox(): JSX.Element {
	return (
		<First icon="inbox" title={t("a.mailboxes.none")} text={t("a.mailboxes.none.text")}>
			<Button look="main" icon="plus" onClick={() => void go("mailboxes", "new")}>
				{t("a.mailboxes.first")}
			</Button>
		</First>
	);
}
/** "5 minutes ago", with the exact time on hover and focus. */
export function When({ at }: { at: number }): JSX.Element {
	return (
		<time dateTime={new Date(at).toISOString()} title={exact(at)}>
			{ago(at, Date.now())}
		</time>
	);
}
/** A titled part of a form or page. */
export function Part({
	title,
	hint,
	children,
	class: more,
}: {
	title: string;
	hint?: string;
	children: ComponentChildren;
	class?: string;
}): JSX.Element {
	return (
		<section class={`part ${more ?? ""}`}>
			<div class="part-about">
				<h2>{title}</h2>
				{hint && <p class="hint">{hint}</p>}
			</div>
			<div class="part-in">{children}</div>
		</section>
	);
}
/** Text to be copied: shown whole, one press copies it. */
export function Copy({ label, text, rows }: { label: string; text: string; rows?: number }): JSX.Element {
	const [done, setDone] = useState(false);
	const copy = async () => {
		try {
			await navigator.clipboard.writeText(text);
			setDone(true);
			setTimeout(() => setDone(false), 2000);
		} catch {
			setDone(false);
		}
	};
	return (
		<div class="copy">
			<textarea
				readOnly
				rows={rows ?? text.split("\n").length}
				aria-label={label}
				value={text}
				onFocus={(e) => e.currentTarget.select()}
				dir="ltr"
				spellcheck={false}
			/>
			<Button icon={done ? "check" : "copy"} onClick={() => void copy()} aria-label={`${t("a.copy")}: ${label}`}>
				{done ? t("a.copied") : t("a.copy")}
			</Button>
			<span class="sr" role="status">
				{done ? t("a.copied") : ""}
			</span>
		</div>
	);
}
/** The bar under a form: what is wrong, and Save. */
export function SaveBar({
	changed,
	busy,
	wrong,
	onSave,
	onReset,
	save,
}: {
	changed: boolean;
	busy: boolean;
	wrong?: string;
	onSave(): void;
	onReset?(): void;
	save?: string;
}): JSX.Element {
	return (
		<div class="save-bar">
			<p class="error grow" role="alert">
				{wrong}
			</p>
			{onReset && changed && (
				<Button look="quiet" onClick={onReset}>
					{t("a.undo")}
				</Button>
			)}
			<Button look="main" busy={busy} off={changed ? false : t("ui.unchanged")} onClick={onSave}>
				{save ?? t("a.save")}
			</Button>
		</div>
	);
}
/** A number with a word under it. */
export function Figure({ n, label, tone }: { n: ComponentChildren; label: string; tone?: string }): JSX.Element {
	return (
		<div class={`figure ${tone ?? ""}`}>
			<b>{n}</b>
			<span>{label}</span>
		</div>
	);
}

/** How many days a report goes back. */
export function Last({ days, onPick }: { days: string; onPick(days: string): void }): JSX.Element {
	return (
		<SelectField
			label={t("a.deflection.days")}
			bare
			value={days}
			options={["7", "30", "90", "366"].map((n) => ({ value: n, label: t("a.deflection.last", { n: Number(n) }) }))}
			onPick={onPick}
		/>
	);
}
