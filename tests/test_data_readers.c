/* Readers: counts and checksums where the packages are installed, and files that are wrong. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <unistd.h>

#include <tapir/io_datasets.h>

#include "tests/test_data.h"

/* True when the set is there; if it is not, because its package is missing or nothing unpacks its files, the error says
   so. */
static bool installed(const tp_dataset *set, const tp_error *error, const char *package)
{
    if (set) return true;
#ifndef TP_WITH_ZLIB
    if (error->status == TP_E_UNSUPPORTED && strstr(error->message, "built without zlib")) return false;
#endif
    ck_assert_msg(error->status == TP_E_IO && strstr(error->message, package), "%s", error->message);
    printf("not installed, not tested: %s\n", package);
    return false;
}

typedef struct table {
    const char *name;
    tp_dataset *(*read)(const tp_datasets_options *options, tp_error *error);
    int64_t items, features;
    double sum, weighted; /* of all x_ij, and of (i mod 7 + 1) (j mod 5 + 1) x_ij */
    int classes[11];
} table;

static const table tables[] = {
    {"digits", tp_digits, 1797, 64, 561718, 6728713, {178, 182, 177, 183, 181, 182, 181, 179, 174, 180, 0}},
    {"iris", tp_iris, 150, 4, 2078.7, 16710.5, {50, 50, 50, 0}},
    {"wine", tp_wine, 178, 13, 159975.295999, 2030890.73598, {59, 71, 48, 0}},
    {"breast cancer", tp_breast_cancer, 569, 30, 1056474.4596356, 15978404.2242882, {212, 357, 0}},
};

START_TEST(tables_have_their_checksums)
{
    const table *t = &tables[_i];
    for (int d = 0; d < 2; d++) {
        tp_error error = {.status = TP_OK};
        tp_dataset *set = t->read(d ? &(tp_datasets_options){.dtype = TP_F64} : NULL, &error);
        if (!installed(set, &error, "python3-sklearn")) return;
        ck_assert_int_eq(tp_dataset_count(set), t->items);
        tp_tensor *x = tp_dataset_tensor(set, 0, NULL), *y = tp_dataset_tensor(set, 1, NULL);
        ck_assert_int_eq(tp_tensor_dtype(x), d ? TP_F64 : TP_F32);
        ck_assert_int_eq(tp_tensor_dim(x, 1), t->features);
        double sum = 0, weighted = 0;
        int classes[11] = {0};
        for (int64_t i = 0; i < t->items; i++) {
            classes[(int)tp_tensor_item(y, i)]++;
            for (int64_t j = 0; j < t->features; j++) {
                const double value = tp_tensor_item(x, i * t->features + j);
                sum += value;
                weighted += (double)((i % 7 + 1) * (j % 5 + 1)) * value;
            }
        }
        EXPECT_NEAR(sum, t->sum, t->sum * (d ? 1e-12 : 1e-6));
        EXPECT_NEAR(weighted, t->weighted, t->weighted * (d ? 1e-12 : 1e-6));
        for (int k = 0; k < 11; k++) ck_assert_int_eq(classes[k], t->classes[k]);
        tp_tensor_release(x);
        tp_tensor_release(y);
        tp_dataset_release(set);
    }
}
END_TEST

/* The polynomial of gzip (RFC 1952), bit by bit. */
static uint32_t crc32_of(uint32_t crc, const unsigned char *bytes, size_t n)
{
    static uint32_t row[256];
    for (uint32_t i = 0; row[255] == 0 && i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++) c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
        row[i] = c;
    }
    for (size_t i = 0; i < n; i++) crc = row[(crc ^ bytes[i]) & 255] ^ crc >> 8;
    return crc;
}

START_TEST(fashion_mnist_has_its_checksums)
{
    static const struct {
        int64_t items;
        uint32_t images, labels;
    } wanted[] = {{10000, 309494841u, 606848831u}, {60000, 2925911245u, 785835114u}};
    tp_error error = {.status = TP_OK};
    tp_dataset *set = tp_fashion_mnist(_i == 1, NULL, &error);
    if (!installed(set, &error, "dataset-fashion-mnist")) return;
    ck_assert_int_eq(tp_dataset_count(set), wanted[_i].items);
    const tp_field *field = tp_dataset_field(set, 0);
    ck_assert(field->dtype == TP_U8 && field->rank == 3 && field->dims[0] == 1 && field->dims[2] == 28);
    uint32_t images = 0xffffffffu, labels = 0xffffffffu;
    unsigned char pixels[784], label;
    for (int64_t i = 0; i < wanted[_i].items; i++) {
        if (tp_dataset_read(set, i, (void *[]){pixels, &label}, NULL, NULL) != TP_OK) break;
        images = crc32_of(images, pixels, sizeof pixels);
        labels = crc32_of(labels, &label, 1);
        if (i == 0) ck_assert_str_eq(tp_fashion_mnist_class(label), "Ankle boot");
    }
    ck_assert_uint_eq(images ^ 0xffffffffu, wanted[_i].images);
    ck_assert_uint_eq(labels ^ 0xffffffffu, wanted[_i].labels);
    tp_dataset_release(set);
}
END_TEST

START_TEST(missing_files_name_path_and_package)
{
    const tp_datasets_options o = {.folder = "/nonexistent"};
    tp_error told = {.status = TP_OK};
    ck_assert_ptr_null(tp_iris(&o, &told));
    ck_assert_int_eq(told.status, TP_E_IO);
    ck_assert_str_eq(told.message, "tp_iris: tp_read_csv: tp_read_file: cannot open: No such file or directory: "
                                   "/nonexistent/iris.csv (Debian's package python3-sklearn has it)");
    ck_assert_ptr_null(tp_fashion_mnist(true, &o, &told));
    ck_assert_int_eq(told.status, TP_E_IO);
    ck_assert_ptr_nonnull(strstr(told.message, "/nonexistent/train-images-idx3-ubyte.gz (Debian's package dataset-"));
    ck_assert_ptr_null(tp_digits(&o, NULL));
    DATA_REFUSED(tp_iris(&(tp_datasets_options){.dtype = TP_I32}, &error), TP_E_DTYPE, "i32");
    static char endless[5000];
    memset(endless, 'x', sizeof endless - 1);
    DATA_REFUSED(tp_wine(&(tp_datasets_options){.folder = endless}, &error), TP_E_ARGUMENT, "too long");
    DATA_REFUSED(tp_fashion_mnist(false, &(tp_datasets_options){.folder = endless}, &error), TP_E_ARGUMENT, "too long");
    ck_assert_str_eq(tp_fashion_mnist_class(10), "");
    ck_assert_str_eq(tp_iris_class(-1), "");
    ck_assert_str_eq(tp_breast_cancer_class(1), "benign");
}
END_TEST

/* ---- files that are wrong ---- */

enum { PATH = 320 };

static void folder_of(char folder[PATH])
{
    const char *temporary = getenv("TMPDIR");
    snprintf(folder, PATH, "%s/tapir-data-XXXXXX", temporary && strlen(temporary) < 200 ? temporary : ".");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void write_file(const char *folder, const char *name, const void *bytes, size_t n, bool remove_it)
{
    char path[PATH + 40];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (remove_it) {
        unlink(path);
        return;
    }
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, n, file), n);
    fclose(file);
}

/* iris.csv with row `at` (from 0) replaced, and as many rows; returns the bytes. */
static size_t write_iris(const char *folder, int rows, int at, const char *row)
{
    char text[4096];
    size_t n = (size_t)snprintf(text, sizeof text, "150,4,setosa,versicolor,virginica\n");
    for (int i = 0; i < rows; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s\n", i == at ? row : "1,-2.5,.25,4e0,2");
    write_file(folder, "iris.csv", text, n, false);
    return n;
}

START_TEST(damaged_tables_are_refused)
{
    static const struct {
        int rows, at;
        const char *row, *message;
    } wrong[] = {
        {0, -1, "", "tp_iris: "},
        {149, -1, "", "149 rows of 5 numbers, not 150 of 5"},
        {151, -1, "", "151 rows of 5 numbers, not 150 of 5"},
        {150, 0, "1,2,3,0", "tp_iris: "},
        {150, 149, "1,2,3,4,0,1", "tp_iris: "},
        {150, 3, "1,2,3,4,3", "row 4 is of class 3, of 3"},
        {150, 3, "1,2,3,4,-1", "row 4 is of class -1, of 3"},
        {150, 3, "1,2,3,4,0.5", "row 4 is of class 0.5, of 3"},
        {150, 3, "1,2,3,4,1e300", "of class 1e+300"},
        {150, 3, "1,,3,4,0", "a number is missing in column 2"},
        {150, 3, "1,2,3,4,nan", "missing in column 5"},
        {150, 3, "1,x,3,4,0", "a column is text"},
    };
    char folder[PATH];
    folder_of(folder);
    for (size_t r = 0; r < sizeof wrong / sizeof *wrong; r++) {
        write_iris(folder, wrong[r].rows, wrong[r].at, wrong[r].row);
        DATA_REFUSED(tp_iris(&(tp_datasets_options){.folder = folder}, &error), TP_E_FORMAT, wrong[r].message);
    }
    write_file(folder, "iris.csv", NULL, 0, true);
    rmdir(folder);
}
END_TEST

START_TEST(tables_report_every_failed_allocation)
{
    char folder[PATH];
    folder_of(folder);
    write_iris(folder, 150, 149, "100000000000000,0.1,3.,-0,0");
    for (size_t at = 1;; at++) {
        counter c = {.fail_at = at};
        const tp_allocator memory = counted(&c);
        tp_error error = {.status = TP_OK};
        tp_dataset *set = tp_iris(&(tp_datasets_options){folder, TP_F64, &memory}, &error);
        ck_assert_int_eq(set == NULL, c.failed > 0);
        if (!set) ck_assert_int_eq(error.status, TP_E_MEMORY);
        c.fail_at = 0;
        if (set) {
            double x[4];
            unsigned char y;
            ck_assert_int_eq(tp_dataset_read(set, 149, (void *[]){x, &y}, NULL, NULL), TP_OK);
            ck_assert(x[0] == 1e14 && x[1] == 0.1 && x[2] == 3 && x[3] == 0 && y == 0);
        }
        tp_dataset_release(set);
        ck_assert_uint_eq(c.blocks, 0);
        if (set) break;
    }
    write_file(folder, "iris.csv", NULL, 0, true);
    rmdir(folder);
}
END_TEST

START_TEST(wrong_images_are_refused)
{
    static unsigned char images[16 + 784] = {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28};
    unsigned char labels[] = {0, 0, 8, 1, 0, 0, 0, 1, 9}, more[] = {0, 0, 8, 1, 0, 0, 0, 2, 1, 1};
    char folder[PATH];
    folder_of(folder);
    const tp_datasets_options o = {.folder = folder};
    write_file(folder, "t10k-images-idx3-ubyte", images, sizeof images, false);
    DATA_REFUSED(tp_fashion_mnist(false, &o, &error), TP_E_IO, "t10k-labels-idx1-ubyte.gz (Debian's");
    write_file(folder, "t10k-labels-idx1-ubyte", labels, sizeof labels, false);
    tp_dataset *set = tp_fashion_mnist(false, &o, NULL);
    ck_assert_int_eq(tp_dataset_count(set), 1);
    tp_dataset_release(set);
    labels[8] = 10;
    write_file(folder, "t10k-labels-idx1-ubyte", labels, sizeof labels, false);
    DATA_REFUSED(tp_fashion_mnist(false, &o, &error), TP_E_FORMAT, "label 0 is 10, not 0 to 9 (byte 8)");
    write_file(folder, "t10k-labels-idx1-ubyte", more, sizeof more, false);
    DATA_REFUSED(tp_fashion_mnist(false, &o, &error), TP_E_FORMAT, "images are u8 (1,28,28), labels are u8 (2)");
    write_file(folder, "t10k-images-idx3-ubyte", labels, sizeof labels, false);
    DATA_REFUSED(tp_fashion_mnist(false, &o, &error), TP_E_FORMAT, "images are u8 (1)");
    write_file(folder, "t10k-images-idx3-ubyte", NULL, 0, true);
    write_file(folder, "t10k-labels-idx1-ubyte", NULL, 0, true);
    rmdir(folder);
}
END_TEST

TCase *data_readers_case(void)
{
    TCase *tcase = tcase_create("readers");
    tcase_add_loop_test(tcase, tables_have_their_checksums, 0, sizeof tables / sizeof *tables);
    tcase_add_loop_test(tcase, fashion_mnist_has_its_checksums, 0, 2);
    tcase_add_test(tcase, missing_files_name_path_and_package);
    tcase_add_test(tcase, damaged_tables_are_refused);
    tcase_add_test(tcase, tables_report_every_failed_allocation);
    tcase_add_test(tcase, wrong_images_are_refused);
    return tcase;
}
