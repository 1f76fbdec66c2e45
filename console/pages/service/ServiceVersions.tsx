import { useState } from 'react'
import type { Item } from '../../api.ts'
import { t } from '../../i18n/t.ts'
import { paths } from '../../paths.ts'
import { live, useApi } from '../../queries.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { ActorName } from '../../ui/ActorName.tsx'
import { CodeBlock } from '../../ui/CodeBlock.tsx'
import { widths } from '../../ui/column-widths.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Instant } from '../../ui/Instant.tsx'
import { rowAction } from '../../ui/row-action.ts'
import { Tag } from '../../ui/Tag.tsx'
import { TextLink } from '../../ui/TextLink.tsx'
import { ChangesTable } from './ChangesTable.tsx'
import type { Service } from './ServiceActions.tsx'
import { UseVersion } from './UseVersion.tsx'

type Version = Item<'GET /v1/services/{service}/versions'>

/** Every JSON that the service had, newest first, each compared with the present one; any of them can be used again. */
export function ServiceVersions({ service }: { service: Service }) {
  const [chosen, setChosen] = useState<number | null>(null)
  const params = { service: service.serviceId }
  const answer = useApi('GET /v1/services/{service}/versions', { params }, live)
  return (
    <>
      <DataTable<Version>
        label={t('services.tabVersions')}
        answer={{ ...answer, data: answer.data?.items }}
        rowKey={one => String(one.version)}
        empty={<EmptyState title={t('services.tabVersions')} />}
        expandable={{ expandedRowRender: version => <Compared service={service} version={version} /> }}
        columns={[
          {
            title: t('services.version'),
            width: widths.status,
            render: (_, { version }) => (
              <>
                {version} {version === service.version ? <Tag tone="info">{t('services.present')}</Tag> : null}
              </>
            ),
          },
          {
            title: t('events.at'),
            width: widths.instantWithSeconds,
            render: (_, { createdAt }) => <Instant at={createdAt} seconds />,
          },
          {
            title: t('events.actor'),
            width: widths.text,
            render: (_, { actor, by }) => <ActorName by={by} id={actor} />,
          },
          {
            title: t('common.actions'),
            width: widths.text,
            render: (_, { version }) =>
              version === service.version ? null : (
                <span className="row-actions">
                  <ActionButton
                    can="service.write"
                    {...rowAction}
                    refusal={service.refusals.update}
                    onClick={() => setChosen(version)}
                  >
                    {t('services.useVersion')}
                  </ActionButton>
                  <TextLink to={paths.serviceUpdate(service.workspaceId, service.serviceId, { from: version })}>
                    {t('services.editFrom')}
                  </TextLink>
                </span>
              ),
          },
        ]}
      />
      {chosen === null ? null : <UseVersion service={service} version={chosen} onClose={() => setChosen(null)} />}
    </>
  )
}

function Compared({ service, version: { version, config } }: { service: Service; version: Version }) {
  return (
    <div className="stack">
      {version === service.version ? null : (
        <section aria-label={t('services.compare')} className="stack">
          <strong>{t('services.compare')}</strong>
          <ChangesTable
            before={service.config}
            after={config}
            heads={[
              t('services.presentVersion', { version: String(service.version) }),
              t('services.versionNumber', { version: String(version) }),
            ]}
            same={t('services.sameAsPresent')}
          />
        </section>
      )}
      <CodeBlock code={JSON.stringify(config, null, 2)} />
    </div>
  )
}
