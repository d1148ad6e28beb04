import { openaiUrl } from './general-variables.ts'
import type { Route } from './route.ts'

const NAME = 'ccproxy'

/** Whether a word of a command line names Codex's package, as `npx @openai/codex@latest` does. */
const PACKAGE = /^@openai\/codex(@.+)?$/
const RUNNERS = /^(npx|bunx|pnpx|pnpm|yarn|bun|npm)(\.(exe|cmd))?$/
const CODEX = /^codex(\.(exe|cmd|js))?$/

/**
 * A command line with Codex pointed at ccproxy. No variable can do that (0.169), so a provider is put before its own
 * arguments: its config file, login and sessions stay as they are, and what the user says behind wins.
 */
export function codexArguments(command: readonly string[], route: Route): readonly string[] {
  const place = codexPlace(command)
  if (place === -1) return command
  return [...command.slice(0, place + 1), ...overrides(route), ...command.slice(place + 1)]
}

function codexPlace(command: readonly string[]): number {
  const name = (command[0] ?? '').split(/[/\\]/).at(-1) ?? ''
  if (CODEX.test(name)) return 0
  return RUNNERS.test(name) ? command.findIndex((word) => PACKAGE.test(word)) : -1
}

function overrides(route: Route): string[] {
  const values = {
    name: NAME,
    base_url: openaiUrl(route),
    env_key: 'OPENAI_API_KEY',
    wire_api: 'responses',
  }
  // A JSON text is a TOML string too.
  const provider = Object.entries(values).map(([key, value]) => `${key}=${JSON.stringify(value)}`)
  return [
    ...['-c', `model_provider=${JSON.stringify(NAME)}`],
    ...['-c', `model_providers.${NAME}={${provider.join(',')}}`],
  ]
}
