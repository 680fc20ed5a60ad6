/** Something that was chosen, and the rule that decided it. */
export interface Reason {
  /** The member of signet.json. */
  readonly member: string;
  readonly value: string;
  /** The party whose rule it is; absent where it is that of all. */
  readonly party?: string;
  readonly rule: string;
}
