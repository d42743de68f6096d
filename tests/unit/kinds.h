#pragma once
/* Kinds of stages for the pipelines of tests: they have no settings and do nothing. */
#include "common/run/pipeline.h"

static const struct setting no_settings[] = {{0}};
static const struct stage split = {
    .name = "split", .settings = no_settings, .wants_jobs = true};
static const struct stage normalise = {.name = "normalise", .settings = no_settings};
static const struct stage deliver = {
    .name = "deliver", .settings = no_settings, .is_end = true};
static const struct stage *const kinds[] = {&split, &normalise, &deliver, NULL};
