// Drives the page in a real Chromium against a running `obs dev`:
//
//     npm run e2e -- http://127.0.0.1:4400 [--shots DIR] [--chromium PATH]
//
// Every tab has to draw data, at two widths and in both colour schemes, without an error
// on the console, a request to another host or a sideways scroll bar. The account has to
// hold some traffic; a tab without data fails.
import { mkdir } from "node:fs/promises";
import { chromium } from "playwright-core";

const args = process.argv.slice(2);
const option = (name) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
const base = args.find((arg) => arg.startsWith("http"));
const shots = option("--shots");
if (!base) {
  process.stderr.write("usage: npm run e2e -- http://127.0.0.1:PORT [--shots DIR] [--chromium PATH]\n");
  process.exit(2);
}

const problems = [];
const browser = await chromium.launch({
  executablePath: option("--chromium") ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
  ],
});

/** A page that reports whatever goes wrong in it. */
async function open(width, height, colorScheme) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme, permissions: ["clipboard-read", "clipboard-write"] });
  const page = await context.newPage();
  const name = `${width} ${colorScheme}`;
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(`${name}: console: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`${name}: ${error.message}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(base)) problems.push(`${name}: asked ${request.url()}`);
  });
  return page;
}

async function shoot(page, name) {
  if (!shots) return;
  await mkdir(shots, { recursive: true });
  await page.screenshot({ path: `${shots}/${name}.png` });
}

async function check(name, work) {
  try {
    await work();
    process.stdout.write(`ok    ${name}\n`);
  } catch (error) {
    problems.push(`${name}: ${error instanceof Error ? error.message.split("\n").slice(0, 3).join(" ") : error}`);
    process.stdout.write(`FAIL  ${name}\n`);
  }
}

function assert(condition, text) {
  if (!condition) throw new Error(text);
}

const TABS = {
  overview: ".tiles b",
  logs: ".logs tr.line",
  traces: ".traces tbody tr",
  dashboards: ".widget .widget-body *",
  alarms: ".alarm-rows tbody tr",
};

for (const [width, height, scheme] of [[1280, 800, "light"], [1280, 800, "dark"], [800, 900, "light"]]) {
  const page = await open(width, height, scheme);
  for (const [tab, selector] of Object.entries(TABS)) {
    await check(`${tab} shows data at ${width}, ${scheme}`, async () => {
      await page.goto(`${base}/#/${tab}`);
      await page.waitForSelector(selector, { timeout: 10_000 });
      // A chart is drawn after its data came; wait for the canvas to have its size.
      if (tab === "dashboards") await page.waitForFunction(() => [...document.querySelectorAll(".plot")].every((plot) => plot.querySelector("canvas")));
      await shoot(page, `${tab}-${width}-${scheme}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert(wide <= 0, `scrolls sideways by ${wide} px`);
    });
  }
  await check(`a trace shows its waterfall at ${width}, ${scheme}`, async () => {
    await page.goto(`${base}/#/traces`);
    await page.waitForSelector(".traces tbody tr");
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".fall-sheet .fall-row");
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.waitForSelector(".side h2");
    await shoot(page, `trace-${width}-${scheme}`);
  });
  await page.context().close();
}

const page = await open(1280, 800, "light");

await check("a log line opens and leads to its trace", async () => {
  await page.goto(`${base}/#/logs`);
  await page.waitForSelector(".logs tr.line");
  const before = await page.locator(".logs tr.line").count();
  assert(before > 0, "no line");
  for (const row of (await page.locator(".logs tr.line").all()).slice(-40).reverse()) {
    await row.locator(".twist").click();
    const link = page.locator(".detail .links a[href*='/traces/']").first();
    if ((await link.count()) > 0) {
      await shoot(page, "log-line");
      await link.click();
      await page.waitForSelector(".fall-sheet .fall-row, .trace .failure");
      assert((await page.locator(".fall-sheet .fall-row").count()) > 0, "the trace of a line has no segment");
      return;
    }
    await row.locator(".twist").click();
  }
  throw new Error("no line of the last 40 has a trace id");
});

await check("a filter goes into the address and comes back with it", async () => {
  await page.goto(`${base}/#/logs`);
  await page.waitForSelector(".logs tr.line");
  await page.selectOption(".choice select >> nth=1", "INFO");
  await page.waitForFunction(() => location.hash.includes("level=INFO"));
  await page.reload();
  await page.waitForSelector(".logs tr.line");
  const levels = await page.locator(".logs tr.line .level").allTextContents();
  assert(levels.every((level) => level === "INFO"), `also found ${[...new Set(levels)].join(", ")}`);
});

await check("a word that no line has says so", async () => {
  await page.goto(`${base}/#/logs`);
  await page.waitForSelector(".logs tr.line");
  await page.keyboard.press("/");
  await page.keyboard.type("zzznowhere");
  await page.waitForSelector(".empty");
});

await check("the keyboard help opens and closes", async () => {
  await page.goto(`${base}/#/overview`);
  await page.waitForSelector(".tiles b");
  await page.keyboard.press("?");
  await page.waitForSelector(".help");
  await page.keyboard.press("Escape");
  await page.waitForSelector(".help", { state: "detached" });
});

await check("a fault is added and removed", async () => {
  await page.goto(`${base}/#/overview`);
  const field = page.locator("#faults input");
  await field.fill("xray:GetTraceSummaries=500:1x");
  await field.press("Enter");
  const row = page.locator("#faults tbody tr");
  await row.first().waitFor();
  assert((await row.first().innerText()).includes("xray:GetTraceSummaries=500:1x"), "the rule is shown");
  await row.first().getByRole("button").click();
  await row.first().waitFor({ state: "detached" });
});

await check("an alarm shows why it is in its state", async () => {
  await page.goto(`${base}/#/alarms`);
  await page.waitForSelector(".alarm-rows tbody tr");
  await page.locator(".alarm-rows tbody tr a").first().click();
  await page.waitForSelector(".side .part");
  await shoot(page, "alarm");
});

await check("every range of a dashboard is drawn", async () => {
  await page.goto(`${base}/#/dashboards`);
  for (const range of ["5m", "15m", "1h", "3h"]) {
    await page.getByRole("button", { name: range, exact: true }).click();
    await page.waitForSelector(".widget");
  }
  const failed = await page.locator(".failure").count();
  assert(failed === 0, "a range failed");
});

await check("a bad question is refused in words", async () => {
  for (const path of ["/api/logs?limit=x", "/api/logs?limit=1001", "/api/dashboards/none", "/api/traces/none"]) {
    const response = await page.request.get(base + path);
    assert(response.status() === 400 || response.status() === 404, `${path} answered ${response.status()}`);
    assert(typeof (await response.json()).error === "string", `${path} gives no reason`);
  }
});

await check("the page sends its security headers", async () => {
  const headers = (await page.request.get(`${base}/`)).headers();
  assert(headers["content-security-policy"]?.includes("default-src 'self'"), "no content security policy");
  assert(headers["x-content-type-options"] === "nosniff", "no nosniff");
});

await browser.close();
for (const problem of problems) process.stdout.write(`problem: ${problem}\n`);
process.exit(problems.length > 0 ? 1 : 0);
