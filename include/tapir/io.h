/* Files: reading tensors from them, writing tensors to them; data sets. */
#ifndef TAPIR_IO_H
#define TAPIR_IO_H

#include <tapir/io_csv.h>
#include <tapir/io_data.h>
#include <tapir/io_datasets.h>
#include <tapir/io_file.h>
#include <tapir/io_idx.h>
#include <tapir/io_npy.h>
#include <tapir/io_safetensors.h>
#include <tapir/io_text.h>

#endif
