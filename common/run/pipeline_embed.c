/* Files that a pipeline file names, put in place of their names: what stands in Redis needs no
 * file beside it. */
#include "common/data/text.h"
#include "common/run/pipeline_load.h"
#include "common/run/slurp.h"

enum { FILE_MAX = 256 * 1024 };

/* Is it the text already, as in what comes from Redis? */
static bool is_content(str text)
{
    str trimmed = str_trim(text_skip_bom(text));

    return trimmed.n && (trimmed.p[0] == '{' || trimmed.p[0] == '[');
}

static void embed(struct loader *l, struct node *n)
{
    struct error err = {0};
    str path = n->text, content;

    if (n->type != NODE_TEXT || !path.n || is_content(path))
        return;
    if (path.p[0] != '/' && l->folder.n)
        path =
            arena_printf(l->f->arena, STR_FMT "/" STR_FMT, STR_ARG(l->folder), STR_ARG(path));
    if (slurp(&l->p->arena, arena_copy(l->f->arena, path).p, FILE_MAX + 1, &content, &err))
        findings_error(l->f, n->at, node_width(n), "%s", err.text);
    else if (content.n > FILE_MAX || !text_is_utf8(content))
        findings_error(l->f, n->at, node_width(n),
                       "'" STR_FMT "' is no UTF-8, or longer than 256 KiB", STR_ARG(path));
    else
        n->text = text_skip_bom(content);
}

static void embed_stage(struct loader *l, struct node *stage)
{
    for (struct node *config = stage->children; config; config = config->next)
        for (uint32_t i = 0; l->kinds[i]; i++) {
            if (!str_is(config->key, l->kinds[i]->name))
                continue;
            for (const struct setting *s = l->kinds[i]->settings; s && s->name; s++)
                for (struct node *n = config->children; n; n = n->next)
                    if (s->type == SETTING_FILE && str_is(n->key, s->name))
                        embed(l, n);
        }
}

void pipeline_embed(struct loader *l, struct node *root)
{
    for (struct node *part = root->children; part; part = part->next)
        for (struct node *stage = str_is(part->key, "stages") ? part->children : NULL; stage;
             stage = stage->next)
            embed_stage(l, stage);
}
