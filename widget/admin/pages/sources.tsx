import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { has, t } from "../../kit/i18n";
import { api, ask, Badge, Button, Dialog, FormDialog, Icon, SelectField, TextField, toast } from "../../kit/ui";
import { type Host, type Last, may, type Source, type Verification, type Wrong, wrong } from "../data";
import { Copy, Part, Table, When } from "../parts";

/** A reason code in words; the code itself when we have none. At a provider of logins it is often the one to blame. */
function reason(code: string, adapter = ""): string {
	if (adapter === "oidc" && has(`a.reason.provider.${code}`)) return t(`a.reason.provider.${code}`);
	return has(`reason.${code}`) ? t(`reason.${code}`) : code;
}
/** Who may tell the gate that somebody logged in, when that last happened, and a test of the way. */
export function Sources({
	v,
	reload,
	onNew,
}: {
	v: Verification;
	reload(): Promise<void>;
	onNew(): void;
}): JSX.Element {
	const [busy, setBusy] = useState("");
	const test = async (s: Source) => {
		setBusy(s.name);
		try {
			const { last } = await api<{ last: Last }>("POST", `/v1/verification/sources/${s.name}/test`, {});
			if (last.reason) toast(t("a.source.test.no", { why: reason(last.reason) }), "stop");
			else toast(t("a.source.test.ok"), "ok");
			await reload();
		} catch (e) {
			toast(wrong(e).text, "stop");
		}
		setBusy("");
	};
	return (
		<Part title={t("a.sources")} hint={t("a.sources.hint")} class="wide">
			{v.sources.length ? (
				<Table
					label={t("a.sources")}
					rows={v.sources}
					id={(s) => s.name}
					columns={[
						{
							id: "source",
							label: t("a.source"),
							grow: true,
							cell: (s) => (
								<>
									{s.name}
									<small class="under" dir="ltr">
										{s.url}
									</small>
								</>
							),
						},
						{ id: "host", label: t("a.host"), cell: (s) => s.host },
						{ id: "adapter", label: t("a.source.adapter"), cell: (s) => s.adapter },
						{ id: "last", label: t("a.source.last"), cell: (s) => <LastSeen last={s.last} adapter={s.adapter} /> },
						{
							id: "acts",
							label: t("a.actions"),
							cell: (s) =>
								may("settings") && s.test ? (
									<Button
										look="quiet"
										busy={busy === s.name}
										onClick={() => void test(s)}
										aria-label={`${t("a.source.test")}: ${s.name}`}
									>
										{t("a.source.test")}
									</Button>
								) : null,
						},
					]}
				/>
			) : (
				<p class="quiet-text">{t("a.sources.none")}</p>
			)}
			{may("settings") && (
				<div>
					<Button icon="plus" onClick={onNew} off={v.hosts.length ? false : t("a.source.nohost")}>
						{t("a.source.new")}
					</Button>
				</div>
			)}
		</Part>
	);
}
function LastSeen({ last, adapter }: { last?: Last; adapter: string }): JSX.Element {
	if (!last) return <span class="quiet-text">{t("a.source.never")}</span>;
	const bad = last.reason && last.reason !== "event.not_login"; // of those most providers send many
	return (
		<>
			<Badge tone={bad ? "stop" : "ok"} icon={bad ? "warn" : "check"}>
				{last.reason ? reason(last.reason, adapter) : t(last.test ? "a.source.tested" : "a.source.taken")}
			</Badge>
			<small class="under">
				<When at={last.at} />
			</small>
		</>
	);
}

type Made = { lines: string; file: string; secret: string; url: string };
/** Lines for the deploy file and a fresh secret: they are in this dialog and nowhere else. */
export function NewSource({ hosts, onClose }: { hosts: Host[]; onClose(): void }): JSX.Element {
	const [name, setName] = useState("");
	const [host, setHost] = useState(hosts[0]?.name ?? "");
	const [made, setMade] = useState<Made>();
	const [bad, setBad] = useState<Wrong>();
	const close = async () => {
		if (
			!made ||
			(await ask({ title: t("a.source.leave"), text: t("a.source.leave.text"), action: t("a.source.leave.yes") }))
		)
			onClose();
	};
	const make = async () => {
		try {
			setMade(await api<Made>("POST", "/v1/verification/sources/new", { name: name.trim(), host }));
		} catch (e) {
			const w = wrong(e);
			setBad(
				w.field
					? { ...w, text: w.field === "name" ? t("a.error.source") : w.text }
					: { field: "name", text: t("a.error.source.twice") },
			);
		}
	};
	return made ? (
		<Dialog title={t("a.source.new")} onClose={() => void close()} wide>
			<MadeLines made={made} onDone={() => void close()} />
		</Dialog>
	) : (
		<FormDialog
			title={t("a.source.new")}
			submit={t("a.source.make")}
			onSubmit={() => void make()}
			onClose={() => void close()}
			wide
		>
			<p>{t("a.source.new.text")}</p>
			<TextField
				label={t("a.name")}
				hint={t("a.source.name.hint")}
				value={name}
				error={bad?.field === "name" ? bad.text : undefined}
				dir="ltr"
				data-first
				onInput={(e) => setName(e.currentTarget.value)}
			/>
			<SelectField
				label={t("a.host")}
				value={host}
				error={bad?.field === "host" ? bad.text : undefined}
				options={hosts.map((h) => ({ value: h.name, label: h.name }))}
				onPick={setHost}
			/>
		</FormDialog>
	);
}
function MadeLines({ made, onDone }: { made: Made; onDone(): void }): JSX.Element {
	return (
		<div class="form">
			<p class="notice wait">
				<Icon name="lock" />
				<span>{t("a.source.once")}</span>
			</p>
			<h3>{t("a.source.step1")}</h3>
			<Copy label="postern.toml" text={made.lines.trimEnd()} />
			<h3>{t("a.source.step2", { file: made.file })}</h3>
			<Copy label={made.file} text={made.secret} rows={1} />
			<h3>{t("a.source.step3")}</h3>
			<Copy label={t("a.source.url")} text={made.url} rows={1} />
			<div class="actions">
				<Button look="main" onClick={onDone}>
					{t("a.done")}
				</Button>
			</div>
		</div>
	);
}
