// Disk pressure in words.
import { sizeText } from '../../lib/size-text.ts'
import type { Eviction } from '../service-instance.ts'

/** `3 GiB of the machine's disk of 200 GiB are free`. */
export const freeText = ({ of, freeBytes, diskBytes }: Pick<Eviction, 'of' | 'freeBytes' | 'diskBytes'>): string =>
  `${sizeText(freeBytes)} of the ${of}'s disk of ${sizeText(diskBytes)} are free`

/** Why this one was chosen. */
export const evictionText = (eviction: Pick<Eviction, 'of' | 'usedBytes' | 'freeBytes' | 'diskBytes'>): string =>
  `DiskPressure: ${freeText(eviction)}, and it takes the most: ${sizeText(eviction.usedBytes)}`
