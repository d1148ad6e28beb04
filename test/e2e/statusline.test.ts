import { afterAll, beforeAll, test } from 'bun:test'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { humanMoney } from '../../src/kit/human.ts'
import { isRecord, parseJson } from '../../src/kit/json.ts'
import { type Ccproxy, ccproxyCommand, startCcproxy } from '../support/ccproxy.ts'
import { type TempDir, tempDir } from '../support/child.ts'
import { claudePath } from '../support/claude.ts'
import { runInTerminal } from '../support/terminal.ts'
import { until } from '../support/wait.ts'

const KEY = 'sk-ant-api03-dummy-for-the-status-line'
const TOML = '[providers.anthropic]\nkind = "demo"\n'

let home: TempDir
let proxy: Ccproxy
beforeAll(async () => {
  home = tempDir()
  proxy = await startCcproxy({ toml: TOML, key: false })
})
afterAll(async () => {
  await proxy.stop()
  home.remove()
})

/** A home where Claude Code has nothing left to ask. */
function furnish(): void {
  const { path } = home
  const quoted = ccproxyCommand(['statusline', '--color'])
    .map((part) => `'${part}'`)
    .join(' ')
  mkdirSync(join(path, '.claude'))
  // What Claude Code says and what it is told are kept, to be looked at.
  const command = `tee '${join(path, 'said.json')}' | ${quoted} | tee '${join(path, 'line.txt')}'`
  const settings = { statusLine: { type: 'command', command }, theme: 'dark' }
  writeFileSync(join(path, '.claude', 'settings.json'), JSON.stringify(settings))
  const state = {
    hasCompletedOnboarding: true,
    customApiKeyResponses: { approved: [KEY.slice(-20)], rejected: [] },
    projects: { [path]: { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true } },
  }
  writeFileSync(join(path, '.claude.json'), JSON.stringify(state))
}

function fileOf(name: string): string {
  const path = join(home.path, name)
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

/** What the session has cost by the proxy's ledger, without its sign; no number before the first request. */
async function spent(): Promise<string> {
  const said = parseJson(fileOf('said.json'))
  if (!isRecord(said)) return 'nothing yet'
  const reply = await fetch(`${proxy.url}/logs/analytics?session=${said.session_id}`)
  const { total } = JSON.parse(await reply.text())
  return total.requests === 0 ? 'nothing yet' : humanMoney(total.cost_usd).slice(1)
}

test('Claude Code shows the status line, with what the proxy knows of its session', async () => {
  furnish()
  const env = {
    ...{
      ANTHROPIC_BASE_URL: proxy.url,
      ANTHROPIC_API_KEY: KEY,
      TERM: 'xterm-256color',
      NO_COLOR: '',
    },
    ...{ DISABLE_TELEMETRY: '1', DISABLE_AUTOUPDATER: '1' },
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  }
  const claude = runInTerminal([], env, { home: home.path, program: [claudePath()] })
  try {
    await claude.sees(/context[^\n]{0,12}0[^\n]{0,12}%|\$0/)
    await claude.types('Say hello\r', 800)
    await until(
      'its cost',
      async () => fileOf('line.txt').includes(`$${await spent()} · cache`),
      15_000,
    )
    await claude.sees('cache')
  } finally {
    await claude.stop()
  }
}, 60_000)
