import type { StaffCard } from "../api/client";
import { useWords } from "../lib/i18n";
import { Link } from "../lib/router";
import { GOOD, Moment, Status } from "../ui/parts";
import { deskSay, useDeskWords } from "./words";

/** Two units of working time at most: an office's day has eight hours or so, so hours say more than days. */
export function leftWords(minutes: number): string {
  const all = Math.abs(minutes);
  const hours = Math.floor(all / 60);
  const parts = hours
    ? [deskSay("span_hour", { n: hours }), ...(all % 60 && hours < 10 ? [deskSay("span_minute", { n: all % 60 })] : [])]
    : [deskSay("span_minute", { n: all })];
  return deskSay(minutes < 0 ? "late_by" : "left", { span: parts.join(" ") });
}

/** A case of a list at the desk; with `onMark` it can be ticked for an act on many. */
export function Row({
  row,
  open = false,
  marked = false,
  onMark,
  onFocus,
}: {
  row: StaffCard;
  open?: boolean;
  marked?: boolean;
  onMark?: () => void;
  onFocus?: () => void;
}) {
  const t = useWords();
  const d = useDeskWords();
  return (
    <li class={open ? "here" : undefined}>
      {onMark && <input type="checkbox" checked={marked} aria-label={d("mark", { code: row.code })} onChange={onMark} />}
      <Link
        to={`/meja/${row.code}`}
        class="row"
        id={`case-${row.code}`}
        aria-current={open ? "true" : undefined}
        {...(onFocus ? { onFocus } : {})}
      >
        <span class="top">
          {row.emergency && !row.emergency.acknowledged && <Status text={row.emergency.state_text} late />}
          <Status text={row.status_text} good={GOOD.has(row.status)} />
          {row.late && <Status text={row.three_times_late ? d("late_3") : t("late")} late />}
          {row.level > 0 && <Status text={d("level", { n: row.level })} />}
          {row.private && <Status text={d("private")} />}
          {row.sealed && <Status text={d("sealed")} />}
          {row.question && <Status text={d(`question_${row.question}`)} />}
          {row.asks_date && <Status text={d("asks_date")} />}
          {row.joined > 0 && <small>{d("joined", { n: row.joined })}</small>}
        </span>
        <span class="words">{row.excerpt || row.category?.label || t("unsorted")}</span>
        <small>
          {[row.category?.label, row.area?.name].filter(Boolean).join(" · ")}
          <br />
          <span class="code-inline">{row.code}</span>
          {row.due && (
            <>
              {" · "}
              {d("due")} <Moment at={row.due} plain={row.working_minutes_left !== null} />
              {row.working_minutes_left !== null && (
                <>
                  , <strong>{leftWords(row.working_minutes_left)}</strong>
                </>
              )}
            </>
          )}
        </small>
      </Link>
    </li>
  );
}
