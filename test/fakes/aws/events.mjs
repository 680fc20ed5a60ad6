import { Refusal } from "./refusal.mjs";

/** EventBridge, as far as PutEvents goes (API reference, "PutEvents" and "PutEventsRequestEntry"). */
export function createEventsFake({ accountId, region, partition }) {
  const buses = new Map([["default", /** @type {object[]} */ ([])]]);
  const nameOf = (bus = "default") =>
    bus.startsWith(`arn:${partition}:events:${region}:${accountId}:event-bus/`) ? bus.split("/")[1] : bus;

  function put(entry) {
    const { Source, DetailType, Detail, EventBusName } = entry;
    if (!Source || !DetailType || !Detail)
      return { ErrorCode: "InvalidArgument", ErrorMessage: "Source, DetailType and Detail are required" };
    // "PutEventsRequestEntry": an event of a partner or of AWS cannot be made up.
    if (Source.startsWith("aws.")) return { ErrorCode: "NotAuthorizedForSourceException" };
    try {
      JSON.parse(Detail);
    } catch {
      return { ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed." };
    }
    const bus = buses.get(nameOf(EventBusName));
    // PutEvents takes entries for a bus that is not there, and drops them.
    bus?.push({ source: Source, "detail-type": DetailType, detail: JSON.parse(Detail) });
    return { EventId: crypto.randomUUID() };
  }

  return {
    state: buses,
    resourceOf: ({ Entries = [] }) => Entries[0]?.EventBusName ?? "default",
    actions: {
      PutEvents({ Entries = [] }) {
        // 1 to 10 entries; 256 KB in all ("Calculating PutEvents event entry size").
        if (Entries.length < 1 || Entries.length > 10) throw new Refusal("ValidationException", "Entries");
        const size = Entries.reduce(
          (sum, { Source = "", DetailType = "", Detail = "" }) => sum + Buffer.byteLength(Source + DetailType + Detail),
          0,
        );
        if (size > 262_144)
          throw new Refusal("ValidationException", "Total size of the entries in the request is over the limit.");
        const answers = Entries.map(put);
        return { FailedEntryCount: answers.filter(({ ErrorCode }) => ErrorCode !== undefined).length, Entries: answers };
      },
    },
  };
}
