import { Value } from '@sinclair/typebox/value'
import { ProxyError } from '../kit/error.ts'
import { NEUTRAL_PROFILE, type Profile, ProfileOverrides } from '../protocol/profile.ts'
import type { Vendor } from './vendor.ts'
import { VENDORS } from './vendors.ts'

/** The names that `providers.<name>.profile` accepts. */
export const PROFILE_NAMES: readonly string[] = ['generic', ...VENDORS.map(({ name }) => name)]

/** What a profile is chosen by. */
export interface ProfileChoice {
  readonly baseUrl: string
  /** The upstream's model name: reasoning models of one vendor differ from its others. */
  readonly model: string
  /** A built-in profile's name, where the host does not tell. */
  readonly name?: string
  /** Single keys from the settings, which win over everything built in. */
  readonly overrides?: Readonly<Record<string, unknown>>
}

/** The profile of one upstream and model: neutral data, the vendor's, its model family's, the user's. */
export function chooseProfile(choice: ProfileChoice): Profile {
  const vendor = vendorFor(choice)
  const model = choice.model.toLowerCase()
  const families = vendor?.models?.filter(([family]) => family.test(model)) ?? []
  const profile: Profile = { ...NEUTRAL_PROFILE }
  if (vendor !== undefined) Object.assign(profile, { name: vendor.name }, vendor.data)
  for (const [, data] of families) Object.assign(profile, data)
  return Object.assign(profile, checkOverrides(choice.overrides ?? {}))
}

/** Whether an upstream is known to speak Responses beside Chat Completions. */
export function speaksBothWires(choice: Omit<ProfileChoice, 'model'>): boolean {
  return vendorFor(choice)?.bothWires === true
}

function vendorFor({ baseUrl, name }: Omit<ProfileChoice, 'model'>): Vendor | undefined {
  return name === undefined ? vendorOf(baseUrl) : named(name)
}

function vendorOf(baseUrl: string): Vendor | undefined {
  if (!URL.canParse(baseUrl)) return undefined
  const { hostname, host } = new URL(baseUrl)
  return VENDORS.find(({ hosts }) => hosts.test(hostname) || hosts.test(host))
}

function named(name: string): Vendor | undefined {
  if (name === 'generic') return undefined
  const vendor = VENDORS.find((candidate) => candidate.name === name)
  if (vendor !== undefined) return vendor
  throw new ProxyError(
    'invalid_request',
    `Cannot use profile "${name}": it is unknown, take one of ${PROFILE_NAMES.join(', ')}`,
  )
}

function checkOverrides(overrides: Readonly<Record<string, unknown>>): ProfileOverrides {
  if (Value.Check(ProfileOverrides, overrides)) return overrides
  const error = Value.Errors(ProfileOverrides, overrides).First()
  const key = error?.path.slice(1) ?? ''
  throw new ProxyError(
    'invalid_request',
    `Cannot use profile key "${key}": ${error?.message ?? 'wrong value'}`,
    {
      field: key,
    },
  )
}
