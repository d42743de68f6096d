/* Real files through rows and normalise. They are not part of this project: the folder is named
 * by STANDPIPE_SHARED_DATA or the first argument, and without it the tests are skipped. */
#include <stdlib.h>
#include <unistd.h>

#include "common/data/json.h"
#include "common/data/rows.h"
#include "common/data/yaml.h"
#include "tests/unit/check.h"
#include "workers/stages.h"

enum { FILE_MAX = 16 << 20, ROUND = 256 };

static const char *folder;

struct file { /* open, with the stage that reads it */
    struct arena arena;
    struct rows *rows;
    str bytes, head; /* all of the file; columns */
    struct worker worker;
    struct batch batch;
    struct arena lines;
    uint64_t row; /* number of the last row read */
};

static str read_file(struct arena *a, const char *path)
{
    FILE *f = fopen(path, "r");
    char *p = arena_alloc(a, FILE_MAX);
    size_t n = f ? fread(p, 1, FILE_MAX, f) : 0;

    CHECK(n > 0);
    if (f)
        CHECK_INT(fclose(f), 0);
    return (str){p, n};
}

static str next_line(struct file *f)
{
    struct row row;
    uint64_t at = rows_offset(f->rows);
    enum rows_status status =
        rows_next(f->rows, (str){f->bytes.p + at, f->bytes.n - at}, true, &f->lines, &row);

    return status == ROWS_ROW ? row.line : STR_NONE;
}

static void file_open(struct file *f, const char *name, const char *config)
{
    struct findings findings = {.arena = &f->arena};
    struct error err = {0};
    str path = arena_printf(&f->arena, "%s/%s", folder, name);

    f->bytes = read_file(&f->arena, path.p);
    f->rows = rows_new(rows_sniff(f->bytes), (struct rows_limits){4096, 1024000}, 0);
    f->head = rows_header(&f->arena, next_line(f));
    f->worker =
        (struct worker){.stage = &stage_normalise, .arena = &f->arena, .host = &host_nobody};
    f->worker.config = yaml_load(&f->arena, str_of(config), &err);
    f->worker.state = arena_zalloc(&f->arena, stage_normalise.state_size);
    setting_fill(stage_normalise.settings, f->worker.config, f->worker.state, &findings);
    CHECK_INT(findings.errors, 0);
    CHECK_INT(stage_normalise.open(&f->worker, &err), 0);
}

static void file_close(struct file *f)
{
    stage_normalise.close(&f->worker);
    rows_free(f->rows);
    arena_free(&f->batch.arena);
    arena_free(&f->lines);
    arena_free(&f->arena);
}

/* Up to ROUND rows as documents, and the lines they were made of. False at the end. */
static bool next_batch(struct file *f, str *lines)
{
    arena_reset(&f->batch.arena);
    arena_reset(&f->lines);
    f->batch.records = NULL;
    f->batch.record_count = f->batch.record_room = 0;
    struct entry *e = arena_zalloc(&f->batch.arena, sizeof(*e));
    *e = (struct entry){
        .src = STR("0123456789abcdef"), .cols = f->head, .row = f->row + 1, .is_booked = true};
    for (uint32_t n = 0; n < ROUND; n++) {
        lines[n] = next_line(f);
        if (!lines[n].n)
            break;
        batch_emit(&f->batch, e, lines[n], n);
    }
    f->row += f->batch.record_count;
    CHECK_INT(stage_normalise.process(&f->worker, &f->batch), WORK_DONE);
    return f->batch.record_count > 0;
}

/* Without fields, all names and all cells stand under sp_extra, byte for byte. */
static void check_extra(const struct file *f, const struct record *r, str line)
{
    str extra = STR_NONE, members = STR_NONE, names = STR_NONE, cells = STR_NONE;
    str name, value, column, cell;
    size_t at;

    CHECK_INT(r->verdict, VERDICT_PASS);
    CHECK_STR(str_of(json_check(r->line, NULL, &at)), STR(""));
    CHECK(record_find(r, STR("sp_extra"), &extra));
    json_open(extra, &members);
    json_open(f->head, &names);
    json_open(line, &cells);
    CHECK(json_next_item(&cells, &cell)); /* the offset */
    while (json_next_item(&names, &column) && json_next_item(&cells, &cell)) {
        CHECK(json_next_member(&members, &name, &value));
        CHECK_STR(name, ((str){column.p + 1, column.n - 2}));
        CHECK_STR(value, cell);
    }
    CHECK(!json_next_member(&members, &name, &value));
}

static void test_normalise_discards_no_byte_of_real_files(void)
{
    static const struct {
        const char *name;
        uint64_t rows;
    } files[] = {
        {"cars/carscom_us.csv", 4007},
        {"cars/myauto_georgia.csv", 19237},
        {"cars/olx_jakarta_bom.csv", 514},
        {"cars/otomoto_pl.csv", 128},
        {"cars/quikr_india.csv", 892},
        {"property/airbnb_antwerp_2024.csv", 2870},
        {"property/bengaluru_sale.csv", 13320},
        {"property/immoweb_brussels_rent_2018.csv", 1942},
        {"property/krisha_almaty.csv", 102},
        {"property/quintoandar_br_rent.csv", 6080},
        {"property/rightmove_yorkshire_2021.csv", 1074},
        {"property/zillow_montana_latin1.csv", 200},
    };

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct file f = {0};
        str lines[ROUND] = {{0}};
        file_open(&f, files[i].name, "{}");
        while (next_batch(&f, lines))
            for (uint32_t n = 0; n < f.batch.record_count; n++)
                check_extra(&f, &f.batch.records[n], lines[n]);
        CHECK_INT(f.row, files[i].rows);
        file_close(&f);
    }
}

/* Values that a person read in the files. */
static void test_normalise_reads_real_cells(void)
{
    static const char myauto[] =
        "fields: {price: integer, leather: {from: leather_interior, "
        "parse: boolean}, km: {from: mileage, match: '/^([0-9]+) km$/', "
        "parse: integer}, levy: {parse: integer}}";
    static const char quikr[] = "fields: {price: number, km: {from: kms_driven, match: "
                                "'/^([0-9,]+) kms$/', parse: integer}}";
    static const char olx[] = "fields: {type: {}, price: {match: '/^Rp ([0-9.]+)$/', parse: "
                              "integer, decimal: ',', group: '.'}}";
    static const char rightmove[] =
        "fields: {listed_on: {from: date_added, parse: date, formats: ['Added on %d/%m/%Y', "
        "'Reduced on %d/%m/%Y']}, beds: {from: title, match: '/([0-9]+) bedroom/', parse: "
        "integer}, phone: text}";
    static const struct {
        const char *file, *config;
        uint64_t row;
        const char *member, *want;
    } cases[] = {
        {"cars/myauto_georgia.csv", myauto, 1, "price", "13328"},
        {"cars/myauto_georgia.csv", myauto, 1, "km", "186005"},
        {"cars/myauto_georgia.csv", myauto, 1, "leather", "true"},
        {"cars/myauto_georgia.csv", myauto, 3, "levy", "null"},
        {"cars/quikr_india.csv", quikr, 1, "price", "80000.00"},
        {"cars/quikr_india.csv", quikr, 1, "km", "45000"},
        {"cars/quikr_india.csv", quikr, 2, "price", "425000"},
        {"cars/quikr_india.csv", quikr, 3, "price", "null"},
        {"cars/olx_jakarta_bom.csv", olx, 1, "type", "\"Daihatsu Sirion\""},
        {"cars/olx_jakarta_bom.csv", olx, 12, "price", "8700000000"},
        {"property/rightmove_yorkshire_2021.csv", rightmove, 1, "listed_on", "\"2021-05-24\""},
        {"property/rightmove_yorkshire_2021.csv", rightmove, 1, "beds", "3"},
        {"property/rightmove_yorkshire_2021.csv", rightmove, 1, "phone", "\"01709 230035\""},
        {"property/rightmove_yorkshire_2021.csv", rightmove, 2, "beds", "null"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct file f = {0};
        str lines[ROUND] = {{0}}, value = STR_NONE;
        file_open(&f, cases[i].file, cases[i].config);
        CHECK(next_batch(&f, lines));
        CHECK(f.batch.record_count >= cases[i].row &&
              record_find(&f.batch.records[cases[i].row - 1], str_of(cases[i].member), &value));
        CHECK_STR(value, str_of(cases[i].want));
        file_close(&f);
    }
}

int main(int argc, char **argv)
{
    folder = getenv("STANDPIPE_SHARED_DATA");
    if (!folder && argc > 1)
        folder = argv[1];
    if (!folder || access(folder, R_OK) != 0) {
        SKIP(test_normalise_discards_no_byte_of_real_files, "no folder of real files");
        SKIP(test_normalise_reads_real_cells, "no folder of real files");
        return check_done();
    }
    RUN(test_normalise_discards_no_byte_of_real_files);
    RUN(test_normalise_reads_real_cells);
    return check_done();
}
