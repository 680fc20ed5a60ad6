/** What workerd runs: it gets the cases as the body of a request. */
import { judge } from "judge";
import * as verify from "verify";

export default {
  fetch: async (request) => Response.json(await judge(verify, await request.json())),
};
