import { useState } from "preact/hooks";
import type { OfficeCase } from "../api/client";
import { useCity } from "../lib/city";
import { day } from "../lib/time";
import { useObservable } from "../lib/observable";
import { language } from "../lib/i18n";
import { Moment, Status } from "../ui/parts";
import { Words } from "../track/OwnPage";
import { useDeskWords } from "./words";

/** What of a case is between the people of the city: who has it, what waits for a head, who does which part. */
export function Inside({
  data,
  onCancelTask,
}: {
  data: OfficeCase;
  onCancelTask: (number: number, text: string) => Promise<void>;
}) {
  const d = useDeskWords();
  const chosen = useObservable(language);
  const known = useCity();
  const [cancelling, setCancelling] = useState(0);
  const given = data.assignment;
  const office = (id: string): string => known?.offices.find((o) => o.id === id)?.short ?? id;
  return (
    <>
      {given && (
        <div class="box">
          <p>
            <strong>{d("given_to", { name: given.to.name })}</strong>{" "}
            <Status text={d(given.taken_at ? "taken" : "not_taken")} good={Boolean(given.taken_at)} />
          </p>
          <p class="said">{given.text}</p>
          <p class="hint">
            {d("given_by", { name: given.by.name })} · {d("due")} {day(given.due, chosen)}
            {given.copies.length > 0 && ` · ${d("copies")}: ${given.copies.map((one) => one.name).join(", ")}`}
          </p>
        </div>
      )}
      {data.draft && (
        <div class="box">
          <p>
            <strong>{d("draft_waits", { name: data.draft.by.name })}</strong> <Moment at={data.draft.at} />
          </p>
          <p class="said">{data.draft.text}</p>
        </div>
      )}
      {data.returned && (
        <div class="box bad">
          <p>{d("draft_returned")}</p>
          <p class="said">{data.returned}</p>
        </div>
      )}
      {data.tasks.length > 0 && (
        <section aria-labelledby="tasks">
          <h2 id="tasks">{d("tasks")}</h2>
          <ul class="rows">
            {data.tasks.map((task) => (
              <li key={task.number}>
                <p class="top">
                  <strong>{d("task_n", { n: task.number, office: office(task.office.id) })}</strong>
                  <Status text={d(`task_${task.state}`)} good={task.state === "done"} late={task.state === "cannot"} />
                  <small>
                    {d("due")} {day(task.due, chosen)}
                  </small>
                </p>
                <p class="said">{task.text}</p>
                {task.answer && <p class="said">{task.answer}</p>}
                {task.state === "open" &&
                  data.may.includes("cancel_task") &&
                  (cancelling === task.number ? (
                    <Words
                      id={`cancel-${task.number}`}
                      label={d("task_why")}
                      least={3}
                      most={1000}
                      button={d("task_cancel")}
                      onSend={(text) => onCancelTask(task.number, text).then(() => setCancelling(0))}
                    />
                  ) : (
                    <button type="button" class="plain tiny" onClick={() => setCancelling(task.number)}>
                      {d("task_cancel")}
                    </button>
                  ))}
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}
