import { Button } from 'antd'
import { useState } from 'react'
import type { Input, Item } from '../api.ts'
import { t, tryT } from '../i18n/t.ts'
import { live, useApi } from '../queries.ts'
import { ActorName } from './ActorName.tsx'
import { widths } from './column-widths.ts'
import { DataTable } from './DataTable.tsx'
import { EmptyState } from './EmptyState.tsx'
import { EventDetails } from './EventDetails.tsx'
import { BillingInstant, Instant } from './Instant.tsx'

type Event = Item<'GET /v1/events'>
type SubjectKind = NonNullable<NonNullable<Input<'GET /v1/events'>['query']>['subjectKind']>

interface Props {
  subjectKind: SubjectKind
  subjectId: string
  /** By kind; else all of them. */
  only?: (kind: string) => boolean
}

/** What happened to one thing, newest first. */
export function EventTable({ subjectKind, subjectId, only = () => true }: Props) {
  const [limit, setLimit] = useState(100)
  const events = useApi('GET /v1/events', { query: { subjectKind, subjectId, limit } }, live)
  const items = events.data?.items
  // What happened to an order is about money.
  const ofMoney = subjectKind === 'order'
  const At = ofMoney ? BillingInstant : Instant
  return (
    <>
      <DataTable<Event>
        label={t('groups.tabEvents')}
        answer={{ ...events, data: items?.filter(({ kind }) => only(kind)) }}
        rowKey={event => event.eventId}
        empty={<EmptyState title={t('groups.noEvents')} />}
        columns={[
          {
            title: t('events.at'),
            width: ofMoney ? widths.zonedInstantWithSeconds : widths.instantWithSeconds,
            render: (_, { at }) => <At at={at} seconds />,
          },
          { title: t('events.kind'), width: widths.text, render: (_, { kind }) => tryT(`event.${kind}`) ?? kind },
          {
            title: t('events.actor'),
            width: widths.status,
            render: (_, { actor, by }) => <ActorName by={by} id={actor} />,
          },
          {
            title: t('events.data'),
            render: (_, { data }) => (
              <span className="said wrap" style={{ maxWidth: 460 }}>
                <EventDetails data={data} ofMoney={ofMoney} />
              </span>
            ),
          },
        ]}
      />
      {items && items.length === limit && limit < 500 ? (
        <Button onClick={() => setLimit(500)}>{t('events.more')}</Button>
      ) : null}
    </>
  )
}
