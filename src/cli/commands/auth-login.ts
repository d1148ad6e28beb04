import { type CallbackServer, startCallbackServer } from '../../auth/callback-server.ts'
import {
  beginLogin,
  type FinishedLogin,
  finishLogin,
  LOGIN_TIMEOUT_MS,
  type PendingLogin,
  parseManualCode,
  storeLogin,
} from '../../auth/login.ts'
import type { OAuthOptions } from '../../auth/oauth.ts'
import { ProxyError } from '../../kit/error.ts'
import { isHeadless } from '../auth/headless.ts'
import { factsTable, loginFacts } from '../auth/login-facts.ts'
import { loginsFor } from '../auth/logins-for.ts'
import { ACCEPT_FLAG, askForAcceptance } from '../auth/terms.ts'
import type { Command, CommandContext } from '../command.ts'
import { openPage } from '../open-page.ts'
import { CONFIG_FLAGS } from '../setting-flags.ts'
import { loadFor } from '../settings.ts'
import { withSpinner } from '../spinner.ts'
import { styleOf } from '../style.ts'

/** How often a code may be pasted wrongly. */
const PASTES = 3

/** `ccproxy auth login`: explains, asks, and brings a plan login home. */
export const authLogin: Command = {
  name: 'login',
  summary: 'Log in with a Claude plan (Pro, Max, Team, Enterprise)',
  examples: [
    'ccproxy auth login',
    'ccproxy auth login --manual',
    'ccproxy auth login --accept-terms',
  ],
  flags: [
    ...CONFIG_FLAGS,
    ACCEPT_FLAG,
    { name: 'manual', description: 'Paste a code instead of waiting for a browser here' },
  ],
  async run(context, input) {
    const { settings } = await loadFor(context, input)
    const { oauth, store } = loginsFor(context, settings)
    if (!(await askForAcceptance(context, input, store.path))) return 1
    const acceptedAt = new Date(oauth.now())
    await store.read() // A file that cannot be used is named before the user goes to the browser.
    const manual = input.switches.has('manual') || isHeadless(context.env, process.platform)
    const finished = manual
      ? await loginByHand(context, oauth)
      : await loginByBrowser(context, oauth, settings.auth.oauth.callback_port)
    await storeLogin(store, finished.login, acceptedAt)
    report(context, finished, store.path, oauth.now())
    return 0
  },
}

async function loginByBrowser(
  context: CommandContext,
  oauth: OAuthOptions,
  port: number,
): Promise<FinishedLogin> {
  const server = await startCallbackServer(port)
  const abort = new AbortController()
  const stopListening = context.onSignal(() => abort.abort(cancelled()))
  try {
    const pending = beginLogin(oauth, server.redirectUri)
    const waiting = waitForCode(context, oauth, server, pending, abort.signal)
    const opened = await (context.openPage ?? openPage)(pending.url)
    if (!opened) context.stderr.write('No browser could be started: open the page by hand\n')
    return await waiting
  } finally {
    stopListening()
    await server.stop()
  }
}

async function waitForCode(
  context: CommandContext,
  oauth: OAuthOptions,
  server: CallbackServer,
  pending: PendingLogin,
  signal: AbortSignal,
): Promise<FinishedLogin> {
  const end = performance.now() + LOGIN_TIMEOUT_MS
  context.stderr.write(`Sign in on this page; it should open by itself:\n\n${pending.url}\n\n`)
  const finish = (code: string) => finishLogin(oauth, pending, code)
  return withSpinner(
    context.stderr,
    () => `Waiting for the browser, ${clock(end - performance.now())} left (Ctrl-C to stop)`,
    server.wait(pending.state, finish, { signal }),
  )
}

async function loginByHand(context: CommandContext, oauth: OAuthOptions): Promise<FinishedLogin> {
  const pending = beginLogin(oauth, oauth.manualRedirectUri)
  context.stderr.write(
    `Open this page in any browser, sign in, and copy the code that it shows:\n\n${pending.url}\n\n`,
  )
  const code = await askForCode(context, pending)
  return withSpinner(context.stderr, () => 'Logging in', finishLogin(oauth, pending, code))
}

async function askForCode(context: CommandContext, pending: PendingLogin): Promise<string> {
  const { red } = styleOf(context, context.stderr)
  for (let attempt = 1; ; attempt += 1) {
    context.stderr.write('Paste the code: ')
    const line = await context.stdin?.readLine()
    if (line === undefined) throw cancelled()
    try {
      return parseManualCode(line, pending)
    } catch (error) {
      if (!(error instanceof ProxyError) || attempt === PASTES) throw error
      context.stderr.write(`${red('Error:')} ${error.message}\n`)
    }
  }
}

function report(
  context: CommandContext,
  { login, profile }: FinishedLogin,
  source: string,
  now: number,
): void {
  const { subscriptionType: plan, scopes, expiresAt } = login
  const facts = loginFacts({ kind: 'ready', source, plan, scopes, expiresAt }, now, profile)
  context.stdout.write(`Logged in\n${factsTable(facts)}`)
}

/** Minutes and seconds: `4:59`. */
function clock(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

function cancelled(): ProxyError {
  return new ProxyError(
    'client_closed',
    'The login was stopped before it came through: run "ccproxy auth login" to start again',
  )
}
