import { dateInWords } from "../../encoding/times-in-words.js";
import { endOf, type Lane, type Lanes } from "../../look/lanes.js";
import { PHASE_WORDS } from "../../look/theme.js";

type Phase = keyof typeof PHASE_WORDS;
const PHASES: readonly Phase[] = ["pending", "ready", "active", "retired"];

/** The timeline for who hears it. */
export function LivesTable({ lanes: { lanes } }: { lanes: Lanes }) {
  return (
    <div class="unseen">
      <table>
        <caption>The lives of the keys; times are UTC</caption>
        <thead>
          <tr>
            <th scope="col">Key</th>
            <th scope="col">Algorithm</th>
            {PHASES.map((phase) => (
              <th scope="col" key={phase}>
                {PHASE_WORDS[phase]}
              </th>
            ))}
            <th scope="col">End</th>
          </tr>
        </thead>
        <tbody>
          {lanes.map((lane) => (
            <Row key={lane.name} lane={lane} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ lane }: { lane: Lane }) {
  const course = lane.ghost ?? lane;
  const { spans, end } = course;
  const ended = endOf(course);
  return (
    <tr>
      <th scope="row">
        {lane.name}
        {lane.isPlanned ? ", planned" : ""}
        {lane.ghost === undefined ? "" : ", as the change would leave it"}
      </th>
      <td>{lane.alg}</td>
      {PHASES.map((phase) => {
        const span = spans.find((each) => each.phase === phase);
        return <td key={phase}>{span === undefined ? "no" : `${dateInWords(span.from)} to ${dateInWords(span.to)}`}</td>;
      })}
      <td>{ended === undefined ? "none planned" : `${end} ${dateInWords(ended)}`}</td>
    </tr>
  );
}
