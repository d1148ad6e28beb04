import { ConfigError } from '../../src/config/diagnose.ts'
import { type LoadOptions, loadSettings } from '../../src/config/load.ts'

/** A world of a few files, in which nothing of this machine shows. */
export interface FakeWorld extends Partial<Omit<LoadOptions, 'readFile'>> {
  readonly files?: Readonly<Record<string, string>>
}

/** Loads settings in a fake world: the working folder is /project, the home is /home/me. */
export function loadIn({ files = {}, ...options }: FakeWorld) {
  return loadSettings({
    env: {},
    cwd: '/project',
    home: '/home/me',
    ...options,
    readFile: (path) => files[path],
  })
}

/** The message of the one ConfigError that loading throws. */
export async function messageIn(world: FakeWorld): Promise<string> {
  try {
    await loadIn(world)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  throw new Error('Loading succeeded')
}
