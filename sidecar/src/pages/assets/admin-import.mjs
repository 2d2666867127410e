// Administrators: what is imported is what was looked at. An order, that is a file's text with the
// options, stays with the report on it; it is sent again as it was, whatever the form says by then.

// `ask` sends an order and gives the report, or nothing; `show` shows a report, `withdraw` takes the one
// that is shown away, and `unreadable` tells that a file makes no order.
export function importing({ ask, show, withdraw, unreadable }) {
  // The order that the report on the screen is about, as long as it can be carried out.
  let looked = null;
  // Questions so far; an answer to one before the last is of no interest any more.
  let asked = 0;

  // For every change of the file or an option.
  function changed() {
    asked += 1;
    looked = null;
    withdraw();
  }

  // Asks what would happen. `read` gives the order once its file is read.
  async function look(read) {
    changed();
    const mine = asked;
    const isLast = () => mine === asked;
    const order = await read();
    if (!isLast()) return;
    if (!order) {
      unreadable();
      return;
    }
    const report = await ask(order, { dryRun: true, isLast });
    if (!isLast() || !report) return;
    looked = order;
    show(report, order);
  }

  // Does what the report says. That it was done is shown in any case; where it was not, and the form is
  // still as it was, it can be tried again.
  async function carryOut() {
    const order = looked;
    if (!order) return;
    const mine = asked;
    const report = await ask(order, { dryRun: false, isLast: () => true });
    if (!report) return;
    if (report.done) looked = null;
    if (report.done || mine === asked) show(report, order);
  }

  return { changed, look, carryOut };
}
