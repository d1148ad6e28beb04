import { loadSettings } from '../../config/load.ts'
import type { CommandContext, Flag } from '../command.ts'
import { COMMANDS } from '../commands/index.ts'
import { COMMON_FLAGS } from '../parse.ts'
import { MODE_FLAG, SETTING_FLAGS } from '../setting-flags.ts'
import { candidates, type Offer } from './candidates.ts'

/** Answers a shell's script: a line for each word, its description behind a tab. */
export async function answerShell(
  [shell = '', ...given]: readonly string[],
  context: CommandContext,
): Promise<number> {
  const words = wordsOf(shell, given)
  const offer = await candidates(words, {
    commands: COMMANDS,
    leading: [...SETTING_FLAGS, MODE_FLAG],
    common: COMMON_FLAGS,
    names: (flag) => providersFor(context, flag),
  })
  const lines = linesOf(offer).map((line) => (shell === 'bash' ? afterEquals(words, line) : line))
  context.stdout.write(lines.map((line) => `${line}\n`).join(''))
  return 0
}

/** Each shell hands words over in a way of its own. */
function wordsOf(shell: string, given: readonly string[]): readonly string[] {
  if (shell === 'powershell') return given.map((word) => word.slice(1))
  if (shell !== 'bash') return given
  // "=" is a word of its own there.
  const joined: string[] = []
  for (const word of given) {
    const last = joined.at(-1)
    if (last !== undefined && (word === '=' || last.endsWith('=')) && last.startsWith('--')) {
      joined[joined.length - 1] = last + word
    } else joined.push(word)
  }
  return joined
}

function afterEquals(words: readonly string[], line: string): string {
  const current = words.at(-1) ?? ''
  const at = current.indexOf('=')
  return at === -1 || !current.startsWith('--') ? line : line.slice(at + 1)
}

function linesOf({ words, more }: Offer): string[] {
  const lines = words.map(({ value, about }) =>
    about === undefined ? value : `${value}\t${about}`,
  )
  if (more === undefined) return lines
  return [...lines, typeof more === 'string' ? `:${more}` : `:program ${more.programAt}`]
}

async function providersFor({ env, cwd, home }: CommandContext, { name }: Flag) {
  if (name !== 'provider') return []
  try {
    const { settings } = await loadSettings({ env, cwd, home })
    return Object.keys(settings.providers)
  } catch {
    // Settings that cannot be used name no providers; a Tab key is no place to complain.
    return []
  }
}
