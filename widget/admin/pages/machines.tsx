import type { JSX } from "preact";
import { t } from "../../kit/i18n";
import { api, Icon, TextField, toast } from "../../kit/ui";
import { useLoad } from "../data";
import { useDraft } from "../draft";
import { Loaded, Part, SaveBar, When } from "../parts";

type Machine = { sender: string; subject: string; text: string; at: number };
type Machines = { mail: Machine[]; allowed: string[] };

/** Mail of programs that belongs to no ticket, and whose mail opens one all the same. */
export function MachineMail(): JSX.Element {
	const list = useLoad<Machines>("/v1/machine-mail");
	return (
		<Part title={t("a.machine")} hint={t("a.machine.hint")}>
			<Loaded from={list}>
				{(d) => (
					<>
						<Allowed key={d.allowed.join()} old={d.allowed} onSaved={() => void list.reload()} />
						{d.mail.length === 0 && <p class="hint">{t("a.machine.none")}</p>}
						<ul class="lines">
							{d.mail.map((m) => (
								<li key={`${m.at} ${m.sender} ${m.subject}`}>
									<Icon name="mail" />
									<details class="grow">
										<summary dir="auto">
											{m.subject || t("a.spool.nosubject")}
											<small class="under" dir="ltr">
												{m.sender}
											</small>
										</summary>
										<pre class="mail-text" dir="auto">
											{m.text}
										</pre>
									</details>
									<small>
										<When at={m.at} />
									</small>
								</li>
							))}
						</ul>
					</>
				)}
			</Loaded>
		</Part>
	);
}

function Allowed({ old, onSaved }: { old: string[]; onSaved(): void }): JSX.Element {
	const was = old.join(", ");
	const d = useDraft({ allowed: was }, () => undefined);
	const save = () =>
		void d.run(async () => {
			const allowed = d.now.allowed.split(/[\s,;]+/).filter(Boolean);
			await api("PUT", "/v1/machine-mail/allowed", { allowed });
			toast(t("a.saved"), "ok");
			onSaved();
		});
	return (
		<form
			class="part-in"
			onSubmit={(e) => {
				e.preventDefault();
				save();
			}}
		>
			<TextField
				label={t("a.machine.allowed")}
				hint={t("a.machine.allowed.hint")}
				dir="ltr"
				value={d.now.allowed}
				error={d.at("allowed")}
				onInput={(e) => d.put({ allowed: e.currentTarget.value })}
			/>
			<SaveBar changed={d.changed} busy={d.busy} wrong={d.rest("allowed")} onSave={save} />
		</form>
	);
}
