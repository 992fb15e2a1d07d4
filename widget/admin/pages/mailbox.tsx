import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../kit/i18n";
import { api, Button, Field, IconButton, SelectField, Switch, TextField, toast } from "../../kit/ui";
import { contrast, ENOUGH, passing } from "../color";
import { type Box, type Person, useLoad, type Verification, type Wrong, wrong } from "../data";
import { dirty, go, useDirty } from "../guard";
import { Head, Loaded, Part, SaveBar } from "../parts";
import { Endings } from "./endings";
import { Hours } from "./hours";
import { Promises } from "./promises";

const fresh: Box = {
	id: "",
	slug: "",
	name: "",
	address: "",
	zone: "UTC",
	hours: null,
	holidays: [],
	days: [],
	color: "",
	greeting: "",
	signature: "",
	origins: [],
	host: "",
	fields: [],
	version: 0,
	ring_s: 20,
	missed_s: 120,
	overflow: "",
	overflow_s: 30,
	prefer: false,
	sla: null,
	idle: null,
	reasons: [],
	work_day: 1440,
	at_once: [],
	members: [],
};

/** One mailbox, new or old. */
export function MailboxPage({ id }: { id: string }): JSX.Element {
	const boxes = useLoad<{ mailboxes: Box[] }>("/v1/mailboxes");
	const people = useLoad<{ agents: Person[] }>("/v1/agents");
	const gate = useLoad<Verification>("/v1/verification");
	const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
	return (
		<Loaded from={boxes}>
			{(d) => {
				const box = id === "new" ? { ...fresh, zone } : d.mailboxes.find((b) => b.id === id);
				if (!box) return <Head title={t("a.gone")} back="mailboxes" />;
				return (
					<Form
						key={box.id}
						old={box}
						people={people.data?.agents ?? []}
						boxes={d.mailboxes}
						hosts={gate.data?.hosts.map((h) => h.name) ?? []}
						onSaved={boxes.reload}
					/>
				);
			}}
		</Loaded>
	);
}

type Props = { old: Box; people: Person[]; boxes: Box[]; hosts: string[]; onSaved(): Promise<void> };
function Form({ old, people, boxes, hosts, onSaved }: Props): JSX.Element {
	const [base, setBase] = useState(old);
	const [box, setBox] = useState(old);
	const [bad, setBad] = useState<Wrong>();
	const [busy, setBusy] = useState(false);
	const changed = JSON.stringify(box) !== JSON.stringify(base);
	useDirty(changed);
	const put = (part: Partial<Box>) => {
		setBox((b) => ({ ...b, ...part }));
		if (bad) setBad(undefined);
	};
	const errors: Record<string, string> = bad?.field ? { [bad.field]: bad.text } : {};
	const shade = box.color && contrast(box.color) < ENOUGH ? passing(box.color) : "";
	const save = async () => {
		if (shade) return setBad({ field: "color", text: t("a.error.contrast") });
		setBusy(true);
		try {
			const { mailbox } = await api<{ mailbox: Box }>(
				box.id ? "PUT" : "POST",
				box.id ? `/v1/mailboxes/${box.id}` : "/v1/mailboxes",
				box,
			);
			const next = { ...mailbox, members: box.members };
			setBox(next); // from here on it exists, also if its members are refused
			setBase({ ...mailbox, members: base.members });
			if (JSON.stringify(box.members) !== JSON.stringify(base.members))
				await api("PUT", `/v1/mailboxes/${mailbox.id}/members`, { agents: box.members });
			setBase(next);
			dirty.value = false;
			toast(t("a.saved"), "ok");
			if (box.id) await onSaved();
			else await go("mailboxes", mailbox.id);
		} catch (e) {
			setBad(wrong(e));
		}
		setBusy(false);
	};
	return (
		<form
			class="settings"
			onSubmit={(e) => {
				e.preventDefault();
				void save();
			}}
		>
			<Head title={box.id ? base.name : t("a.mailboxes.new")} back="mailboxes" />
			<Basics box={box} errors={errors} hosts={hosts} onChange={put} />
			<Members box={box} people={people} onChange={put} />
			<Part title={t("a.hours")} hint={t("a.hours.hint")}>
				<Hours box={box} errors={errors} onChange={put} />
			</Part>
			<Timers box={box} errors={errors} onChange={put} />
			<Promises box={box} people={people} errors={errors} onChange={put} />
			<Overflow box={box} boxes={boxes} errors={errors} onChange={put} />
			<Endings box={box} errors={errors} onChange={put} />
			<Questions box={box} error={errors.fields} onChange={put} />
			<Texts box={box} errors={errors} shade={shade} onChange={put} />
			<SaveBar
				changed={changed}
				busy={busy}
				wrong={bad && t("a.notsaved", { why: bad.text })}
				onSave={() => void save()}
				onReset={() => setBox(base)}
				save={box.id ? undefined : t("a.mailboxes.create")}
			/>
		</form>
	);
}

type PartProps = { box: Box; errors: Record<string, string>; onChange(part: Partial<Box>): void };
function slugOf(name: string): string {
	return name
		.normalize("NFKD")
		.toLowerCase()
		.replace(/[^a-z0-9]+/g, "-")
		.replace(/^-+|-+$/g, "")
		.slice(0, 40);
}
function Basics({ box, errors, hosts, onChange }: PartProps & { hosts: string[] }): JSX.Element {
	const named = (name: string) =>
		onChange(!box.id && box.slug === slugOf(box.name) ? { name, slug: slugOf(name) } : { name });
	return (
		<Part title={t("a.mailbox.basics")}>
			<TextField
				label={t("a.name")}
				hint={t("a.mailbox.name.hint")}
				value={box.name}
				dir="auto"
				error={errors.name}
				onInput={(e) => named(e.currentTarget.value)}
			/>
			<TextField
				label={t("a.mailbox.slug")}
				hint={t(box.id ? "a.mailbox.slug.change" : "a.mailbox.slug.hint")}
				value={box.slug}
				error={errors.slug}
				dir="ltr"
				onInput={(e) => onChange({ slug: e.currentTarget.value })}
			/>
			<TextField
				label={t("a.mailbox.address")}
				hint={t("a.mailbox.address.hint")}
				type="email"
				value={box.address}
				error={errors.address}
				dir="ltr"
				onInput={(e) => onChange({ address: e.currentTarget.value.trim() })}
			/>
			<SelectField
				label={t("a.mailbox.host")}
				hint={t("a.mailbox.host.hint")}
				value={box.host}
				options={[{ value: "", label: t("a.mailbox.host.none") }, ...hosts.map((h) => ({ value: h, label: h }))]}
				onPick={(host) => onChange({ host })}
			/>
		</Part>
	);
}

function Members({
	box,
	people,
	onChange,
}: {
	box: Box;
	people: Person[];
	onChange(part: Partial<Box>): void;
}): JSX.Element {
	const can = people.filter((p) => !p.disabled && !["editor", "auditor"].includes(p.role));
	const flip = (id: string) =>
		onChange({ members: box.members.includes(id) ? box.members.filter((m) => m !== id) : [...box.members, id] });
	return (
		<Part title={t("a.mailbox.members")} hint={t("a.mailbox.members.hint")}>
			<fieldset class="checks">
				<legend class="sr">{t("a.mailbox.members")}</legend>
				{can.map((p) => (
					<label key={p.id}>
						<input type="checkbox" checked={box.members.includes(p.id)} onChange={() => flip(p.id)} />
						<span>
							{p.name} <small>{t(`role.${p.role}`)}</small>
						</span>
					</label>
				))}
			</fieldset>
			{!box.members.length && <p class="hint">{t("a.mailbox.nobody.text")}</p>}
		</Part>
	);
}

function Timers({ box, errors, onChange }: PartProps): JSX.Element {
	return (
		<Part title={t("a.mailbox.timers")} hint={t("a.mailbox.timers.hint")}>
			<div class="two">
				<TextField
					label={t("a.mailbox.ring.s")}
					hint={t("a.mailbox.ring.hint")}
					type="number"
					min={5}
					max={120}
					value={box.ring_s}
					error={errors.ring_s}
					onInput={(e) => onChange({ ring_s: Math.round(e.currentTarget.valueAsNumber) || 0 })}
				/>
				<TextField
					label={t("a.mailbox.missed.s")}
					hint={t("a.mailbox.missed.hint")}
					type="number"
					min={10}
					max={3600}
					value={box.missed_s}
					error={errors.missed_s}
					onInput={(e) => onChange({ missed_s: Math.round(e.currentTarget.valueAsNumber) || 0 })}
				/>
			</div>
			<Switch label={t("a.mailbox.prefer")} on={box.prefer} onChange={(prefer) => onChange({ prefer })} />
		</Part>
	);
}

function Overflow({ box, boxes, errors, onChange }: PartProps & { boxes: Box[] }): JSX.Element {
	const can = boxes.filter((b) => b.id !== box.id && b.host === box.host);
	return (
		<Part title={t("a.mailbox.overflow")} hint={t("a.mailbox.overflow.hint")}>
			<div class="two">
				<SelectField
					label={t("a.mailbox.overflow.to")}
					value={box.overflow ?? ""}
					error={errors.overflow}
					options={[
						{ value: "", label: t("a.mailbox.overflow.none") },
						...can.map((b) => ({ value: b.id, label: b.name })),
					]}
					onPick={(overflow) => onChange({ overflow })}
				/>
				<TextField
					label={t("a.mailbox.overflow.s")}
					type="number"
					min={0}
					max={3600}
					value={box.overflow_s}
					error={errors.overflow_s}
					onInput={(e) => onChange({ overflow_s: Math.round(e.currentTarget.valueAsNumber) || 0 })}
				/>
			</div>
		</Part>
	);
}

function Questions({
	box,
	error,
	onChange,
}: {
	box: Box;
	error?: string;
	onChange(part: Partial<Box>): void;
}): JSX.Element {
	const all = box.fields ?? [];
	const put = (n: number, part: object) => onChange({ fields: all.map((f, i) => (i === n ? { ...f, ...part } : f)) });
	const add = () => {
		let n = all.length + 1;
		while (all.some((f) => f.name === `field_${n}`)) n++;
		onChange({ fields: [...all, { name: `field_${n}`, label: "", required: false }] });
	};
	return (
		<Part title={t("a.mailbox.form")} hint={t("a.mailbox.form.hint")}>
			{all.map((f, n) => (
				<div class="question" key={f.name}>
					<TextField
						label={t("a.mailbox.question", { n: n + 1 })}
						value={f.label}
						dir="auto"
						maxLength={100}
						onInput={(e) => put(n, { label: e.currentTarget.value })}
					/>
					<Switch label={t("a.required")} on={f.required} onChange={(required) => put(n, { required })} />
					<IconButton
						icon="trash"
						label={t("a.remove", { what: f.label || t("a.mailbox.question", { n: n + 1 }) })}
						onClick={() => onChange({ fields: all.filter((_, i) => i !== n) })}
					/>
				</div>
			))}
			{error && (
				<p class="error" role="alert">
					{error}
				</p>
			)}
			<div>
				<Button icon="plus" onClick={add} off={all.length >= 10 ? t("a.mailbox.form.full") : false}>
					{t("a.mailbox.form.add")}
				</Button>
			</div>
		</Part>
	);
}

function Texts({ box, errors, shade, onChange }: PartProps & { shade: string }): JSX.Element {
	return (
		<Part title={t("a.mailbox.look")}>
			<Field label={t("a.mailbox.greeting")} hint={t("a.mailbox.greeting.hint")} error={errors.greeting}>
				{(g) => (
					<textarea
						{...g}
						rows={2}
						maxLength={500}
						dir="auto"
						value={box.greeting}
						onInput={(e) => onChange({ greeting: e.currentTarget.value })}
					/>
				)}
			</Field>
			<Field label={t("a.mailbox.signature")} hint={t("a.mailbox.signature.hint")} error={errors.signature}>
				{(g) => (
					<textarea
						{...g}
						rows={3}
						maxLength={1000}
						dir="auto"
						value={box.signature}
						onInput={(e) => onChange({ signature: e.currentTarget.value })}
					/>
				)}
			</Field>
			<Field label={t("a.mailbox.closings")} hint={t("a.mailbox.closings.hint")} error={errors.closings}>
				{(g) => (
					<textarea
						{...g}
						rows={3}
						dir="auto"
						value={(box.closings ?? []).join("\n")}
						onInput={(e) => onChange({ closings: e.currentTarget.value.split("\n") })}
						onBlur={() => onChange({ closings: (box.closings ?? []).map((x) => x.trim()).filter(Boolean) })}
					/>
				)}
			</Field>
			<TextField
				label={t("a.mailbox.mails")}
				hint={t("a.mailbox.mails.hint")}
				type="number"
				min={0}
				max={100000}
				value={box.mail_per_hour ?? 0}
				error={errors.mail_per_hour}
				onInput={(e) => onChange({ mail_per_hour: Math.round(e.currentTarget.valueAsNumber) || 0 })}
			/>
			<Field
				label={t("a.mailbox.color")}
				hint={
					box.color ? t("a.mailbox.color.ratio", { ratio: contrast(box.color).toFixed(1) }) : t("a.mailbox.color.hint")
				}
				error={shade ? t("a.error.contrast") : errors.color}
			>
				{(g) => (
					<span class="color">
						<input
							{...g}
							type="color"
							value={box.color || "#2f4bc7"}
							onInput={(e) => onChange({ color: e.currentTarget.value })}
						/>
						<code dir="ltr">{box.color || t("a.mailbox.color.none")}</code>
						{shade && (
							<Button onClick={() => onChange({ color: shade })}>{t("a.mailbox.color.use", { color: shade })}</Button>
						)}
						{box.color && (
							<Button look="quiet" onClick={() => onChange({ color: "" })}>
								{t("a.mailbox.color.drop")}
							</Button>
						)}
					</span>
				)}
			</Field>
		</Part>
	);
}
