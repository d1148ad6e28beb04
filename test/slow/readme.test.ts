import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createAnthropic } from '@ai-sdk/anthropic'
import Anthropic from '@anthropic-ai/sdk'
import { ChatAnthropic } from '@langchain/anthropic'
import { generateText } from 'ai'
import OpenAI from 'openai'
import packageJson from '../../package.json' with { type: 'json' }
import type { Command } from '../../src/cli/command.ts'
import { COMMANDS } from '../../src/cli/commands/index.ts'
import { loadSettings } from '../../src/config/load.ts'
import { type Outcome, ROOT } from '../support/child.ts'
import { needs } from '../support/needs.ts'
import { blocks, commandsOf, inlineCode, README, tableBelow } from '../support/readme.ts'
import { type ReadmeHome, startReadmeHome } from '../support/readme-home.ts'

const INSTALLED =
  'curl -fsSL https://github.com/OWNER/ccproxy/releases/latest/download/install.sh | sh'
const DOCKER =
  'docker build --build-arg BASE=debian:stable-slim -t ccproxy -f scripts/docker/ccproxy/Dockerfile ccproxy-1.2.3-linux-x64'

/** What is not run here, and what does run it, or why nothing can. */
const NOT_RUN: Readonly<Record<string, string>> = {
  'npx -y bun@1.4.5 run demo': 'the first thing that .ci/run does',
  'npx -y bun@1.4.5 run test': 'the first thing that .ci/run does, and what runs this test',
  'bun run check': 'runs this test, in .ci/run',
  'bun run test:system': 'a suite of its own, in .ci/run',
  'bun run test:slow': 'a suite of its own, in .ci/run',
  [INSTALLED]: 'downloads a release: test/system/install.test.ts has one on a server of its own',
  'ccproxy auth login':
    "opens Anthropic's sign-in page: test/system/auth-login.test.ts has one of its own",
  [DOCKER]: 'needs a docker daemon: test/system/docker.test.ts starts one',
  'docker run --read-only -p 127.0.0.1:8000:8000 -e AUTH_TOKEN -e ANTHROPIC_API_KEY ccproxy':
    'needs a docker daemon: test/system/docker.test.ts starts one',
  'gh attestation verify ccproxy-1.2.3-linux-x64.tar.gz --repo OWNER/ccproxy':
    'asks GitHub for a release that exists',
}

/** What is run in a command's place. */
const INSTEAD: Readonly<Record<string, string>> = {
  // Claude Code's own screen needs a terminal: test/slow/code.test.ts has one.
  'ccproxy code': 'ccproxy code --version',
  'ccproxy --mode sdk code --continue': 'ccproxy --mode sdk code --version',
  'eval "$(ccproxy env)"': 'eval "$(ccproxy env)"; printenv ANTHROPIC_BASE_URL',
  // Codex wants a folder that its user has trusted.
  'ccproxy run -- codex exec "Explain this repository"':
    'ccproxy run -- codex exec --skip-git-repo-check "Explain this repository"',
  // From source there is no binary for a unit to start.
  'ccproxy service install --dry-run': 'ccproxy service install --dry-run --binary /opt/ccproxy',
  'ccproxy service install': 'ccproxy service install --binary /opt/ccproxy',
}

/** How a command ends and what it says, where that is not code 0 alone. */
const EXPECTED: Readonly<Record<string, { code?: number; says: RegExp }>> = {
  'ccproxy code': { says: /\(Claude Code\)/ },
  'ccproxy --mode sdk code --continue': { says: /\(Claude Code\)/ },
  'ccproxy code -p "What does this project do?"': { says: /demo model/ },
  'ccproxy run -- codex exec "Explain this repository"': { says: /demo model/ },
  'eval "$(ccproxy env)"': { says: /^http:\/\/127\.0\.0\.1:\d+$/m },
  'ccproxy stats': { says: /Today +\d+ requests?/ },
  'ccproxy auth validate': { code: 1, says: /The plan login is missing/ },
  'ccproxy auth info': { code: 1, says: /No plan login is stored/ },
  'ccproxy auth refresh': { code: 1, says: /No plan login is stored/ },
  'ccproxy auth logout': { says: /No login is stored/ },
  'ccproxy service install --dry-run': { says: /WatchdogSec=/ },
  'ccproxy service install': { says: /wrote .*ccproxy\.service/ },
  'ccproxy service status': { says: /running +true/ },
  'curl http://127.0.0.1:8000/sdk/status': { says: /"kind":"claude-sdk".*"version":"\d/ },
  "curl 'http://127.0.0.1:8000/logs/query?limit=5'": { says: /"rows":\[/ },
}

let home: ReadmeHome

beforeAll(async () => {
  home = await startReadmeHome()
  home.write('work/ccproxy.tar.gz', 'any archive')
  const sum = new Bun.CryptoHasher('sha256').update('any archive').digest('hex')
  home.write('work/SHA256SUMS', `${sum}  ccproxy.tar.gz\n${sum}  another.tar.gz\n`)
}, 30_000)
afterAll(() => home.stop())

function expectOutcome(command: string, { code, stdout, stderr }: Outcome): void {
  const expected = EXPECTED[command]
  const said = `${command}\n${stdout}\n${stderr}`
  expect({ said, code }).toEqual({ said, code: expected?.code ?? 0 })
  if (expected !== undefined) expect(said.slice(command.length)).toMatch(expected.says)
  if (command.includes('/v1/messages')) expect(said).toContain('demo model')
}

/** Runs the commands of a block one after the other; variables that it sets stay. */
async function runBlock(commands: readonly string[]): Promise<void> {
  const set: string[] = []
  for (const command of commands) {
    if (Object.hasOwn(NOT_RUN, command)) continue
    if (/^(export )?\w+=\S+$/.test(command)) {
      set.push(command)
    } else if (/(^|\s)ccproxy( demo --serve)?$/.test(command)) {
      expect(await home.serve([...set, command].join('\n'))).toContain('"mode":"full"')
    } else {
      const script = [...set, INSTEAD[command] ?? command].join('\n')
      expectOutcome(command, await home.run(script))
    }
  }
}

describe('README.md: the commands', () => {
  for (const block of blocks('sh')) {
    const commands = commandsOf(block)
    const its = commands.some((command) => /^curl (?!-f)/.test(command)) ? needs('curl') : test
    its.concurrent(
      `of the block at line ${block.line} do what they should`,
      () => runBlock(commands),
      60_000,
    )
  }

  test('that are not run here, or in another way, are there and run elsewhere', () => {
    const all = blocks('sh').flatMap(commandsOf)
    for (const list of [NOT_RUN, INSTEAD, EXPECTED]) {
      for (const command of Object.keys(list)) expect(all).toContain(command)
    }
    for (const reason of Object.values(NOT_RUN)) {
      const [path] = /\S+\.test\.ts|\.ci\/run/.exec(reason) ?? []
      if (path !== undefined) expect(existsSync(join(ROOT, path))).toBe(true)
    }
    for (const [, name = ''] of README.matchAll(/bun(?:@[\d.]+)? run ([\w:]+)/g)) {
      expect(Object.keys(packageJson.scripts)).toContain(name)
    }
  })

  test('and flags in its text exist', async () => {
    const names = COMMANDS.map(({ name }) => name)
    const lines = inlineCode(README).filter((code) => /^ccproxy( |$)/.test(code))
    expect(lines.length).toBeGreaterThan(15)
    for (const line of lines) {
      const words = line.split(' ').slice(1)
      const [name = 'serve'] = words.filter((word) => !word.startsWith('-'))
      if (name === 'help') continue
      expect(names, line).toContain(name)
      const command = await COMMANDS.find((entry) => entry.name === name)?.load()
      if (command !== undefined) checkWords(command, words.slice(words.indexOf(name) + 1), line)
    }
  })
})

/** That a command has the commands below it and the flags that are named, `a | b` each. */
function checkWords(command: Command, words: readonly string[], line: string): void {
  const below = command.commands ?? []
  const named = below.length === 0 ? [] : words.filter((word) => /^[a-z]/.test(word))
  for (const word of named)
    expect(
      below.map(({ name }) => name),
      line,
    ).toContain(word)
  const flags = [command, ...below].flatMap(({ flags = [] }) => flags.map(({ name }) => name))
  for (const word of words.filter((one) => /^--\w/.test(one))) {
    expect(flags, line).toContain(word.slice(2).replace(/=.*/, ''))
  }
}

const AsyncFunction: FunctionConstructor = Object.getPrototypeOf(async () => {}).constructor

/** Runs the two lines of an SDK; gives what the second one gave. */
async function evaluate(lines: readonly string[], names: Readonly<Record<string, unknown>>) {
  const body = [...lines.slice(0, -1), `return ${lines.at(-1)}`].join('\n')
  const run = AsyncFunction(...Object.keys(names), home.here(body))
  return JSON.stringify(await run(...Object.values(names)))
}

/** Says hello by the Chat Completions of a base URL, as an editor does that has no other setting. */
async function sayHello(base: string, key: string): Promise<string> {
  const client = new OpenAI({ baseURL: home.here(base), apiKey: key, maxRetries: 0 })
  const messages = [{ role: 'user' as const, content: 'Hello' }]
  const reply = await client.chat.completions.create({ model: 'claude-sonnet-5-5', messages })
  return JSON.stringify(reply)
}

const urlIn = (line = '') => /http\S+/.exec(line)?.[0] ?? ''

/** How each client of the table is tried with its two lines; gives what it was answered. */
const CLIENTS: Readonly<Record<string, (lines: readonly string[]) => Promise<string>>> = {
  'Claude Code': async (lines) => {
    const { stdout, stderr } = await home.run(`${lines.join(' ')} claude -p Hello`)
    return stdout + stderr
  },
  Codex: async (lines) => {
    home.write(
      'codex/config.toml',
      `${home.here(lines.join('\n'))}\n[analytics]\nenabled = false\n`,
    )
    const { stdout, stderr } = await home.run('codex exec --skip-git-repo-check Hello', {
      CODEX_HOME: join(home.path, 'codex'),
    })
    return stdout + stderr
  },
  // These two cannot be had from npm; what they ask is asked as they ask it.
  aider: ([base, key]) => sayHello(urlIn(base), key?.split('=')[1] ?? ''),
  Continue: ([base, key]) => sayHello(urlIn(base), key?.split(': ')[1] ?? ''),
  Cline: ([base = '', key = '']) => sayHello(base, key),
  'OpenAI SDK': (lines) => evaluate(lines, { OpenAI }),
  'Anthropic SDK': (lines) => evaluate(lines, { Anthropic }),
  LangChain: (lines) => evaluate(lines, { ChatAnthropic }),
  'Vercel AI SDK': (lines) => evaluate(lines, { createAnthropic, generateText }),
  curl: async (lines) => (await home.run(lines.join('\n'))).stdout,
}

describe('README.md: the client', () => {
  const rows = tableBelow('Clients')

  test('table has those that are tried here', () => {
    expect([...rows.keys()]).toEqual(Object.keys(CLIENTS))
  })

  for (const [name, ask] of Object.entries(CLIENTS)) {
    const its = name === 'curl' ? needs('curl') : test
    its.concurrent(
      `${name} is answered with its two lines`,
      async () => {
        const lines = rows.get(name)?.at(-1) ?? []
        expect(lines).toHaveLength(2)
        expect(await ask(lines)).toContain('demo model')
      },
      60_000,
    )
  }
})

describe('README.md: what it names', () => {
  for (const block of blocks('toml')) {
    test(`the TOML at line ${block.line} is a good config file`, async () => {
      const env = { GATEWAY_KEY: 'key-of-a-gateway' }
      const readFile = (path: string) => (path.endsWith('/ccproxy.toml') ? block.text : undefined)
      const { file, sources } = await loadSettings({ env, cwd: '/w', home: '/h', readFile })
      expect(file).toBe('/w/ccproxy.toml')
      expect([...sources.values()].filter((source) => source.startsWith('file'))).not.toEqual([])
    })
  }

  test('every address of ccproxy answers', async () => {
    const urls = [...README.matchAll(/http:\/\/127\.0\.0\.1:8000[\w/?=]*/g)].map(([url]) => url)
    expect(urls.length).toBeGreaterThan(10)
    for (const url of new Set(urls)) {
      const { status } = await fetch(home.here(url.endsWith('/v1') ? `${url}/models` : url))
      // The root itself is what an SDK puts its paths behind.
      if (!/:8000$/.test(url)) expect({ url, status }).not.toEqual({ url, status: 404 })
    }
  })

  test('the status line of the settings of Claude Code prints one', async () => {
    const [, json = ''] = /`("statusLine": \{.*?\})`/s.exec(README) ?? []
    const { statusLine } = JSON.parse(`{${json}}`)
    const given = JSON.stringify({ model: { display_name: 'Sonnet 5' } })
    const { code, stdout } = await home.run(`echo '${given}' | ${statusLine.command}`)
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('Sonnet 5') })
  })

  test('every setting is in the table', () => {
    const rows = README.split('<!-- settings:start -->')[1]?.split('<!-- settings:end -->')[0] ?? ''
    const prose = README.replace(rows, '')
    const keys = inlineCode(prose)
      .map((code) =>
        code.replace(/ = .*/, '').replace(/^providers\.(anthropic|x)\./, 'providers.<name>.'),
      )
      .filter((code) =>
        /^(server|security|network|limits|auth|record|sdk|scheduler|providers)\.[\w.<>]+\w$/.test(
          code,
        ),
      )
    expect(keys.length).toBeGreaterThan(20)
    for (const key of keys) expect(rows).toContain(`\`${key}\``)
  })

  test('every message of "Troubleshooting" is one that the code says', () => {
    const sources = [...new Bun.Glob('src/**/*.ts').scanSync({ cwd: ROOT })]
    const code = sources.map((path) => readFileSync(join(ROOT, path), 'utf8')).join('\n')
    const messages = [...tableBelow('Troubleshooting').values()].flatMap(([cell = []]) => cell)
    expect(messages.length).toBeGreaterThan(10)
    for (const message of messages) {
      // Where it names a value, the code has an expression.
      const parts = message
        .split(/\d+|(?<=")[^"]*…[^"]*(?=")|…/)
        .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      expect(code, message).toMatch(new RegExp(parts.join('.{0,80}'), 's'))
    }
  })
})
