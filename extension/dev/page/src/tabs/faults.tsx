// Requests that fail on purpose: what a handler, the extension or an apply does about it
// can be watched on the rest of the page.
import { useState } from "preact/hooks";
import { type Fault, addFault, removeFault } from "../api";
import { count } from "../format";
import { Empty } from "../ui";

/** Rules worth trying first; the field takes any that `obs dev --fault` takes. */
const EXAMPLES = [
  "cloudwatch:PutMetricData=throttle:30%",
  "cloudwatch:PutMetricData=hang-accepted:1x",
  "cloudwatch:PutMetricData=413",
  "cloudwatch=500:30s",
  "cloudwatch=reset:5x",
  "sns=throttle:50%",
  "xray:PutTraceSegments=503:2m",
];

export function Faults({ faults, reload }: { faults: Fault[]; reload: () => void }) {
  const [rule, setRule] = useState("");
  const [problem, setProblem] = useState("");
  const run = async (action: () => Promise<unknown>) => {
    try {
      await action();
      setProblem("");
      setRule("");
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    reload();
  };
  const add = (event: Event) => {
    event.preventDefault();
    void run(() => addFault(rule.trim()));
  };
  return (
    <div class="panel" id="faults">
      <h2>
        Faults <span class="dim">requests that fail on purpose</span><span class="grow" />
        {faults.length > 1 && <button type="button" class="small" onClick={() => void run(() => removeFault())}>Remove all</button>}
      </h2>
      <form class="fault-form" onSubmit={add}>
        <input list="fault-examples" aria-label="Fault: SERVICE[:OPERATION]=KIND[:SHARE%][:COUNTx][:TIME]" placeholder={EXAMPLES[0]} value={rule}
          onInput={(event) => setRule(event.currentTarget.value)} spellcheck={false} autocomplete="off" required />
        <datalist id="fault-examples">{EXAMPLES.map((each) => <option key={each} value={each} />)}</datalist>
        <button type="submit">Add</button>
      </form>
      {problem && <p class="failure" role="alert">{problem}</p>}
      {faults.length === 0 ? <Empty>None: every request that is right succeeds.</Empty> : <List faults={faults} remove={(id) => void run(() => removeFault(id))} />}
    </div>
  );
}

function List({ faults, remove }: { faults: Fault[]; remove: (id: number) => void }) {
  return (
    <table class="rows">
      <thead><tr><th scope="col">Fault</th><th scope="col" class="num">Met</th><th scope="col" class="num">Struck</th><th scope="col"><span class="sr">Remove</span></th></tr></thead>
      <tbody>
        {faults.map((each) => (
          <tr key={each.id} class={each.active ? "" : "dim"}>
            <td><code>{each.fault}</code>{!each.active && " spent"}</td>
            <td class="num">{count(each.seen)}</td>
            <td class="num">{count(each.struck)}</td>
            <td class="num"><button type="button" class="small" aria-label={`Remove ${each.fault}`} onClick={() => remove(each.id)}>Remove</button></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
