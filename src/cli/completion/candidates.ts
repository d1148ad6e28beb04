import type { Command, CommandEntry, Flag } from '../command.ts'

/** One word that may stand at the cursor. */
export interface Candidate {
  readonly value: string
  readonly about?: string
}

/** What a shell is to offer: words, and what it knows better than we do. */
export interface Offer {
  readonly words: readonly Candidate[]
  /** Files, folders, or another program's line, which begins at this word of the command line. */
  readonly more?: 'files' | 'folders' | { readonly programAt: number }
}

/** What completion knows. */
export interface CompletionSource {
  readonly commands: readonly CommandEntry[]
  /** The flags that may stand before every command. */
  readonly leading: readonly Flag[]
  /** Those that every command has. */
  readonly common: readonly Flag[]
  /** Words for a flag's value that are known only here: the names of providers. */
  names(flag: Flag): Promise<readonly string[]>
}

const FILE_VALUES = ['FILE', 'PATH']
const NONE: Offer = { words: [] }

/**
 * What may stand in the last of `words`, the command line without the program's name. 2026-11: the commands are data
 * here, so that asking the program itself gives every shell the same answer, with the settings of the moment; a
 * completion library would want the commands described once more.
 */
export async function candidates(
  words: readonly string[],
  source: CompletionSource,
): Promise<Offer> {
  const before = words.slice(0, -1)
  const current = words.at(-1) ?? ''
  if (before[0] === 'help') return helpOffer(before.slice(1), current, source)
  const place = await locate(before, source)
  if (place.kind === 'foreign') {
    return place.programAt === undefined
      ? { words: [], more: 'files' }
      : { words: [], more: { programAt: place.programAt } }
  }
  const { flags, command } = place
  if (place.awaiting !== undefined) return valueOffer(place.awaiting, current, '', source)
  const inline = /^(--[a-z-]+)=(.*)$/s.exec(current)
  if (inline !== null) {
    const [, name = '', value = ''] = inline
    const flag = flags.find((one) => `--${one.name}` === name)
    return flag?.value === undefined ? NONE : valueOffer(flag, value, `${name}=`, source)
  }
  if (current.startsWith('-')) return flagOffer(flags, before, current)
  const names = await commandsAt(place, source)
  const values = command?.positionals?.[place.positionals]?.values ?? []
  const wordsHere = [...names, ...values.map((value) => ({ value }))]
  const foreign = command !== undefined && place.entry?.foreign === 'at-program'
  if (foreign) return { words: [], more: { programAt: before.length } }
  return { words: startingWith(wordsHere, current) }
}

/** Where the cursor is. */
interface Place {
  readonly kind: 'own'
  readonly entry: CommandEntry | undefined
  readonly command: Command | undefined
  readonly flags: readonly Flag[]
  /** The flag whose value stands at the cursor. */
  readonly awaiting: Flag | undefined
  /** How many arguments of the command stand before it. */
  readonly positionals: number
}

type Located = Place | { readonly kind: 'foreign'; readonly programAt: number | undefined }

async function locate(before: readonly string[], source: CompletionSource): Promise<Located> {
  let entry: CommandEntry | undefined
  let command: Command | undefined
  let awaiting: Flag | undefined
  let positionals = 0
  for (const [at, word] of before.entries()) {
    if (awaiting !== undefined) awaiting = undefined
    else if (word === '--' && entry?.foreign === 'at-program') {
      return { kind: 'foreign', programAt: at + 1 }
    } else if (word.startsWith('-')) {
      awaiting = awaited(flagsOf(command, entry, source), word)
    } else if (entry === undefined) {
      entry = source.commands.find(({ name }) => name === word)
      command = await entry?.load()
      if (entry?.foreign === 'after-name') return { kind: 'foreign', programAt: undefined }
    } else if (entry.foreign === 'at-program') return { kind: 'foreign', programAt: at }
    else {
      const child = command?.commands?.find(({ name }) => name === word)
      if (child === undefined) positionals += 1
      else command = child
    }
  }
  const flags = flagsOf(command, entry, source)
  return { kind: 'own', entry, command, flags, awaiting, positionals }
}

function flagsOf(
  command: Command | undefined,
  entry: CommandEntry | undefined,
  { leading, common }: CompletionSource,
): readonly Flag[] {
  if (command === undefined) return entry === undefined ? [...leading, ...common] : common
  return [...(command.flags ?? []), ...common]
}

function awaited(flags: readonly Flag[], word: string): Flag | undefined {
  if (word.includes('=')) return undefined
  const flag = flags.find(({ name, short }) => word === `--${name}` || word === `-${short}`)
  return flag?.value === undefined ? undefined : flag
}

async function commandsAt({ entry, command }: Place, source: CompletionSource) {
  if (entry === undefined) return rootCommands(source)
  return (command?.commands ?? []).map(({ name, summary }) => ({ value: name, about: summary }))
}

async function rootCommands({ commands }: CompletionSource): Promise<Candidate[]> {
  const loaded = await Promise.all(commands.map((entry) => entry.load()))
  return [
    ...loaded.map(({ name, summary }) => ({ value: name, about: summary })),
    { value: 'help', about: 'Show the help of a command' },
  ]
}

async function helpOffer(path: readonly string[], current: string, source: CompletionSource) {
  const [first, ...rest] = path
  if (first === undefined) return { words: startingWith(await rootCommands(source), current) }
  let command = await source.commands.find(({ name }) => name === first)?.load()
  for (const word of rest) command = command?.commands?.find(({ name }) => name === word)
  const names = (command?.commands ?? []).map(({ name: value, summary: about }) => ({
    value,
    about,
  }))
  return { words: startingWith(names, current) }
}

async function valueOffer(
  flag: Flag,
  current: string,
  prefix: string,
  source: CompletionSource,
): Promise<Offer> {
  const { value = '' } = flag
  if (FILE_VALUES.includes(value)) return { words: [], more: 'files' }
  if (value === 'FOLDER') return { words: [], more: 'folders' }
  const listed = value.includes('|') ? value.split('|') : await source.names(flag)
  const words = startingWith(
    listed.map((word) => ({ value: word })),
    current,
  )
  return { words: words.map((word) => ({ ...word, value: `${prefix}${word.value}` })) }
}

function flagOffer(flags: readonly Flag[], before: readonly string[], current: string): Offer {
  const words = flags
    .filter(
      ({ name }) => !before.some((word) => word === `--${name}` || word.startsWith(`--${name}=`)),
    )
    .map(({ name, description }) => ({ value: `--${name}`, about: description }))
  return { words: startingWith(words, current) }
}

function startingWith(words: readonly Candidate[], start: string): Candidate[] {
  return words.filter(({ value }) => value.startsWith(start))
}
