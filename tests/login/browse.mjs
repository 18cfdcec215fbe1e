// What a person does, in a real browser.
//
//     node browse.mjs CHROMIUM ROUTER_ORIGIN TOKEN_SECONDS

import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { chromium } from 'playwright-core';

const [executablePath, origin, seconds] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
const context = await browser.newContext({ ignoreHTTPSErrors: true });
context.setDefaultTimeout(20_000);
const page = await context.newPage();
const step = (what) => console.log(`  ${what}`);

const signIn = async (name) => {
  await page.waitForSelector('input[name=login]');
  await page.fill('input[name=login]', name);
  await page.fill('input[name=password]', 'any');
  await page.click('button[type=submit]');
  // Consent.
  await page.waitForSelector('form[action*="/interaction/"] button[type=submit]');
  await page.click('button[type=submit]');
};

const ask = () =>
  page.evaluate(async () => {
    const response = await fetch('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ me { id name } }' }),
    });
    return { status: response.status, body: await response.json() };
  });

const session = async () => {
  const cookies = await context.cookies(origin);
  return cookies.find(({ name }) => name === '__Host-graphway');
};

step('a program without a session gets 401');
const refused = await context.request.get(`${origin}/private/orders`, { headers: { accept: 'application/json' } });
assert.equal(refused.status(), 401);
assert.match(refused.headers()['www-authenticate'], /^Session /);

step('a browser is sent to the provider, and comes back to where it was');
await page.goto(`${origin}/private/orders?page=2`);
assert.ok(page.url().startsWith('http://localhost:'), page.url());
await signIn('u7');
await page.waitForURL(`${origin}/private/orders?page=2`);
assert.equal(await page.textContent('body'), 'Hello somebody-known');

step('its session is a cookie that no script sees and no other host gets');
const first = await session();
assert.deepEqual(
  [first.httpOnly, first.secure, first.sameSite, first.path, first.domain],
  [true, true, 'Lax', '/', 'localhost'],
);
assert.equal(await page.evaluate(() => document.cookie), '');

step('a page asks the graph as whoever is signed in');
const me = await ask();
assert.deepEqual(me, { status: 200, body: { data: { me: { id: 'u7', name: 'Somebody' } } } });

step('when the access token is over, the session is renewed, once for all who ask');
await pause(Number(seconds) * 1000 + 500);
const answers = await Promise.all(Array.from({ length: 8 }, ask));
assert.deepEqual(answers.map(({ status }) => status), Array(8).fill(200));
const second = await session();
assert.notEqual(second.value, first.value);

step('and again, by the refresh token that came then');
await pause(Number(seconds) * 1000 + 500);
assert.equal((await ask()).status, 200);
assert.notEqual((await session()).value, second.value);

step('who signs out is signed out here and at the provider, and asked again');
await page.evaluate(() => {
  const form = document.createElement('form');
  Object.assign(form, { method: 'POST', action: '/oauth2/sign_out' });
  document.body.append(form);
  form.submit();
});
await page.waitForSelector('button[name=logout]');
assert.equal(await session(), undefined);
await page.click('button[name=logout]');
await page.waitForURL(`${origin}/`);
assert.equal((await ask()).status, 401);
await page.goto(`${origin}/private/orders`);
await page.waitForSelector('input[name=login]');

await browser.close();
console.log('signed in and out');
